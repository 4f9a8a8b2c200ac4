// Drawn here, 24 by 24, in the colour of the text around.
const shapes = {
  overview: "M4 13h6V4H4zM14 20h6V4h-6zM4 20h6v-4H4z",
  blocks: "M12 3l8 4.5v9L12 21l-8-4.5v-9zM12 12l8-4.5M12 12v9M12 12L4 7.5",
  validators: "M12 3l7 3v5c0 5-3 8-7 10-4-2-7-5-7-10V6zM9 12l2 2 4-4",
  hosts: "M4 5h16v6H4zM4 13h16v6H4zM7.5 8h.01M7.5 16h.01M12 8h5M12 16h5",
  services: "M12 3l9 5-9 5-9-5zM3 12l9 5 9-5M3 16l9 5 9-5",
  market: "M4 20V10M10 20V4M16 20v-7M21 20H3",
  network: "M12 12m-9 0a9 9 0 1018 0 9 9 0 10-18 0M3 12h18M12 3c3 3 3 15 0 18M12 3c-3 3-3 15 0 18",
  wallet: "M4 7h14a2 2 0 012 2v9a2 2 0 01-2 2H5a2 2 0 01-2-2V6a2 2 0 012-2h11v3M16 13.5h.01",
  stake: "M12 4v16M7 8l5-4 5 4M6 20h12M8 13h8",
  publish: "M12 16V4M7 9l5-5 5 5M4 16v4h16v-4",
  deployments: "M4 6h16M4 12h16M4 18h10M18 16v5M15.5 18.5h5",
  hosting: "M4 4h16v12H4zM8 20h8M12 16v4M8 12l3-3 2 2 3-3",
  search: "M10.5 10.5m-6.5 0a6.5 6.5 0 1013 0 6.5 6.5 0 10-13 0M15.5 15.5L21 21",
  menu: "M4 6h16M4 12h16M4 18h16",
  close: "M6 6l12 12M18 6L6 18",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  check: "M5 12.5l4.5 4.5L19 7.5",
  sun: "M12 12m-4 0a4 4 0 108 0 4 4 0 10-8 0M12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.4 1.4M17.6 17.6L19 19M5 19l1.4-1.4M17.6 6.4L19 5",
  moon: "M20 14A8 8 0 0110 4a8 8 0 1010 10z",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 017 0v3",
  warn: "M12 4l9 16H3zM12 10v4M12 17h.01",
  arrow: "M5 12h14M13 6l6 6-6 6",
  left: "M15 6l-6 6 6 6",
  right: "M9 6l6 6-6 6",
  send: "M4 12l16-8-6 16-3-6z",
  receive: "M12 4v11M7 11l5 5 5-5M5 20h14",
  plus: "M12 5v14M5 12h14",
} as const;
export type IconName = keyof typeof shapes;

export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg
      class="icon"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="1.8"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      <path d={shapes[name]} />
    </svg>
  );
}
