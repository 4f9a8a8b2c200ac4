// Says how many bytes a page pays for the package: minified, and as gzip sends it. Ends with a line of JSON.
// Usage: npm run size
import { sizes } from './bundle.mjs';

const figures = await sizes();
for (const [name, { minified, gzip }] of Object.entries(figures)) {
  console.error(`${name.padEnd(12)} ${String(minified).padStart(8)} bytes, gzip ${gzip}`);
}
console.log(JSON.stringify(figures));
