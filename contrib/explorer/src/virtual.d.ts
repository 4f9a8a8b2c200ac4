declare module "virtual:world" {
  /** The land of the world as the path of an SVG. */
  const path: string;
  export default path;
}
declare module "*.css";
