import { render } from "preact";
import { App } from "./app.tsx";
import { showTheme } from "./ui/theme.ts";
import "./styles.css";

showTheme();
render(<App />, document.getElementById("app")!);
