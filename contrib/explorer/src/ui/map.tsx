// Hosts on a map of the world that comes with the page: Natural Earth's land, in the projection of the same name.
import type { Host } from "../node/types.ts";
import { link } from "../router.ts";
import { country, plural } from "./format.ts";
import world from "virtual:world";

const width = 960;
const height = 430;
/** As vite.config.ts draws the land. Polynomials: T. Patterson, Natural Earth I. */
function place(lat: number, lon: number): [x: number, y: number] {
  const phi = (lat * Math.PI) / 180;
  const lambda = (lon * Math.PI) / 180;
  const p2 = phi * phi;
  const p4 = p2 * p2;
  const x = lambda * (0.8707 - 0.131979 * p2 + p4 * (-0.013791 + p4 * (0.003971 * p2 - 0.001529 * p4)));
  const y = phi * (1.007226 + p2 * (0.015085 + p4 * (-0.044475 + 0.028874 * p2 - 0.005916 * p4)));
  return [480 + 172 * x, 245 - 172 * y];
}

export function HostMap({ hosts }: { hosts: Host[] }) {
  // Hosts of one place are one dot.
  const spots = new Map<string, Host[]>();
  for (const host of hosts) {
    const key = `${Math.round(host.location.lat_milli / 500)}/${Math.round(host.location.lon_milli / 500)}`;
    spots.set(key, [...(spots.get(key) ?? []), host]);
  }
  const countries = new Set(hosts.map((host) => host.location.country));
  return (
    <figure class="map-frame">
      <svg class="map" viewBox={`0 0 ${width} ${height}`} role="group" aria-label={`Map of ${plural(hosts.length, "Host")} in ${plural(countries.size, "country", "countries")}; the table below has the same`}>
        <path d={world} aria-hidden="true" />
        {[...spots.values()].map((here) => {
          const first = here[0]!;
          const [x, y] = place(first.location.lat_milli / 1000, first.location.lon_milli / 1000);
          const up = here.some((host) => host.down_since_ms === "0");
          return (
            <a
              key={first.id}
              href={here.length === 1 ? link("host", first.id) : link("hosts") + "?country=" + first.location.country}
              aria-label={`${plural(here.length, "Host")} in ${country(first.location.country)}`}
            >
              <circle cx={x.toFixed(1)} cy={y.toFixed(1)} r={(4 + 2 * Math.log2(here.length)).toFixed(1)} class={up ? "" : "down"}>
                <title>{`${plural(here.length, "Host")} in ${country(first.location.country)}`}</title>
              </circle>
            </a>
          );
        })}
      </svg>
      <figcaption class="legend">
        <span class="key">up</span>
        <span class="key down">down</span>
        <span>A dot grows with the Hosts there. Places are what Hosts say of themselves.</span>
      </figcaption>
    </figure>
  );
}
