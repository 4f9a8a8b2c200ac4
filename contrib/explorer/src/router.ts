// Where in the page one is: "#/block/5?tab=raw". In the fragment, so that the node serves one file for all of it.
import { useEffect, useState } from "preact/hooks";

export interface Place {
  path: string[];
  query: URLSearchParams;
}

export function readPlace(hash: string): Place {
  const text = hash.replace(/^#\/?/, "");
  const [path = "", query = ""] = text.split("?");
  return {
    path: path
      .split("/")
      .filter((part) => part !== "")
      .map((part) => {
        try {
          return decodeURIComponent(part);
        } catch {
          return part;
        }
      }),
    query: new URLSearchParams(query),
  };
}

export function link(...parts: (string | number)[]): string {
  return "#/" + parts.map((part) => encodeURIComponent(String(part))).join("/");
}

export function go(to: string) {
  location.hash = to;
}

/** Changes one word of the query in place; an empty value takes it away. */
export function setQuery(name: string, value: string) {
  const { path, query } = readPlace(location.hash);
  if (value) query.set(name, value);
  else query.delete(name);
  const text = query.toString();
  history.replaceState(null, "", link(...path) + (text ? "?" + text : ""));
  dispatchEvent(new HashChangeEvent("hashchange"));
}

export function usePlace(): Place {
  const [hash, set] = useState(location.hash);
  useEffect(() => {
    const changed = () => set(location.hash);
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  return readPlace(hash);
}
