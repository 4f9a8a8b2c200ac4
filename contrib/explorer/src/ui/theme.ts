// Dark or light: as the system says, until the reader chooses.
import { useEffect, useState } from "preact/hooks";

const key = "fog.theme";
const system = matchMedia("(prefers-color-scheme: light)");
const listeners = new Set<() => void>();

export type Theme = "dark" | "light";

export function theme(): Theme {
  const chosen = localStorage.getItem(key);
  return chosen === "dark" || chosen === "light" ? chosen : system.matches ? "light" : "dark";
}

export function showTheme() {
  document.documentElement.dataset.theme = theme();
  for (const listener of listeners) listener();
}

export function chooseTheme(value: Theme) {
  localStorage.setItem(key, value);
  showTheme();
}
system.addEventListener("change", showTheme);

export function useTheme(): Theme {
  const [, draw] = useState(0);
  useEffect(() => {
    const listener = () => draw((n) => n + 1);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }, []);
  return theme();
}
