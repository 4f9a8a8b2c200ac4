// The frame around all pages, and which page is where.
import type { ComponentType } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { go, link, usePlace } from "./router.ts";
import { useLive } from "./ui/hooks.ts";
import { Icon, type IconName } from "./ui/icons.tsx";
import { Loading, Trouble, nameAddressesBy } from "./ui/parts.tsx";
import { fogNumber, whole } from "./ui/format.ts";
import { chooseTheme, useTheme } from "./ui/theme.ts";
import { useWallet, walletNames } from "./wallet/state.ts";
import { Overview } from "./pages/overview.tsx";
import { BlockPage, BlocksPage } from "./pages/blocks.tsx";
import { TxPage } from "./pages/tx.tsx";

nameAddressesBy(walletNames);

type Props = { path: string[]; query: URLSearchParams };
type Pages = Record<string, ComponentType<Props>>;
const modules = {
  people: () => import("./pages/people.tsx"),
  hosts: () => import("./pages/hosts.tsx"),
  services: () => import("./pages/services.tsx"),
  market: () => import("./pages/market.tsx"),
  bid: () => import("./pages/bid.tsx"),
  lease: () => import("./pages/lease.tsx"),
  network: () => import("./pages/network.tsx"),
  console: () => import("./console/pages.tsx"),
};

const eager: Record<string, ComponentType<Props>> = { "": Overview, blocks: BlocksPage, block: BlockPage, tx: TxPage };
const lazy: Record<string, [module: keyof typeof modules, page: string]> = {
  account: ["people", "AccountPage"],
  validators: ["people", "ValidatorsPage"],
  validator: ["people", "ValidatorPage"],
  hosts: ["hosts", "HostsPage"],
  host: ["hosts", "HostPage"],
  services: ["services", "ServicesPage"],
  service: ["services", "ServicePage"],
  market: ["market", "MarketPage"],
  bid: ["bid", "BidPage"],
  lease: ["lease", "LeasePage"],
  network: ["network", "NetworkPage"],
  search: ["network", "SearchPage"],
  wallet: ["console", "WalletPage"],
  stake: ["console", "StakePage"],
  publish: ["console", "PublishPage"],
  deployments: ["console", "DeploymentsPage"],
  hosting: ["console", "HostingPage"],
};

const menu: [title: string, entries: [path: string, name: string, icon: IconName, also: string[]][]][] = [
  [
    "Explorer",
    [
      ["", "Overview", "overview", []],
      ["blocks", "Blocks", "blocks", ["block", "tx", "account"]],
      ["validators", "Validators", "validators", ["validator"]],
      ["hosts", "Hosts", "hosts", ["host"]],
      ["services", "Services", "services", ["service"]],
      ["market", "Market", "market", ["bid", "lease"]],
      ["network", "Network", "network", ["search"]],
    ],
  ],
  [
    "Console",
    [
      ["wallet", "Wallet", "wallet", []],
      ["stake", "Stake", "stake", []],
      ["publish", "Publish", "publish", []],
      ["deployments", "Deployments", "deployments", []],
      ["hosting", "Hosting", "hosting", []],
    ],
  ],
];

function Missing() {
  return (
    <div class="page">
      <h1>There is no such page</h1>
      <p>
        <a href="#/">To the overview</a>
      </p>
    </div>
  );
}

function Lazy({ module, page, ...props }: Props & { module: keyof typeof modules; page: string }) {
  const [pages, set] = useState<Pages | null>(null);
  const [error, setError] = useState<Error | null>(null);
  useEffect(() => {
    let gone = false;
    modules[module]().then(
      (loaded) => !gone && set(loaded as unknown as Pages),
      () => !gone && setError(new Error("This part of the page could not be loaded. Is the node still there? Reload the page to try again.")),
    );
    return () => {
      gone = true;
    };
  }, [module]);
  if (error) return <Trouble error={error} />;
  const Shown = pages?.[page];
  return Shown ? <Shown {...props} /> : <Loading />;
}

function Search() {
  const input = useRef<HTMLInputElement>(null);
  return (
    <form
      class="search"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        const words = input.current!.value.trim();
        if (words) go(link("search") + "?q=" + encodeURIComponent(words));
      }}
    >
      <Icon name="search" size={17} />
      <input
        ref={input}
        type="search"
        aria-label="Search: height, transaction, address, Host, service, bid, lease, validator"
        placeholder="Height, transaction, address, service, lease …"
        spellcheck={false}
        autocomplete="off"
      />
    </form>
  );
}

function Side({ open, close, now }: { open: boolean; close: () => void; now: string }) {
  const { status } = useLive();
  return (
    <>
      <aside class={"side" + (open ? " open" : "")} id="side" aria-label="Menu">
        <a class="brand" href="#/" onClick={close}>
          <img src="./favicon.svg" alt="" width="28" height="28" />
          FogCoin
        </a>
        <nav aria-label="Pages">
          {menu.map(([title, entries]) => (
            <div class="nav" key={title}>
              <h2 id={"nav-" + title}>{title}</h2>
              <ul aria-labelledby={"nav-" + title}>
                {entries.map(([path, name, icon, also]) => (
                  <li key={path}>
                    <a href={"#/" + path} aria-current={now === path || also.includes(now) ? "page" : undefined} onClick={close}>
                      <Icon name={icon} />
                      {name}
                    </a>
                  </li>
                ))}
              </ul>
            </div>
          ))}
        </nav>
        <div class="side-foot">
          <span>{status ? status.chain_name : "…"}</span>
          {status && <span>node {status.version}</span>}
        </div>
      </aside>
      {open && <button class="veil" aria-label="Close the menu" onClick={close} />}
    </>
  );
}

function WalletChip() {
  const wallet = useWallet();
  if (!wallet.account) {
    return (
      <a class="wallet-chip" href="#/wallet">
        <Icon name="wallet" size={16} />
        Wallet
      </a>
    );
  }
  return (
    <a class="wallet-chip" href="#/wallet">
      <Icon name={wallet.unlocked ? "wallet" : "lock"} size={16} />
      <span class="unseen">Wallet, {wallet.unlocked ? "unlocked" : "locked"}: </span>
      {wallet.balance === null ? wallet.account.label : fogNumber((wallet.balance / 1_000_000n) * 1_000_000n) + " FOG"}
    </a>
  );
}

export function App() {
  const { path, query } = usePlace();
  const live = useLive();
  const theme = useTheme();
  const [menuOpen, setMenu] = useState(false);
  const first = useRef(true);
  const now = path[0] ?? "";
  const where = path.join("/");

  useEffect(() => {
    if (first.current) {
      first.current = false;
      return;
    }
    scrollTo(0, 0);
    // After the page has drawn itself: who hears the page, hears its title.
    const timer = setTimeout(() => document.querySelector<HTMLElement>("main h1")?.focus({ preventScroll: true }), 60);
    return () => clearTimeout(timer);
  }, [where]);

  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      if (event.key === "Escape") setMenu(false);
      if (event.key === "/" && !/^(INPUT|TEXTAREA|SELECT)$/.test((event.target as HTMLElement).tagName)) {
        event.preventDefault();
        document.querySelector<HTMLInputElement>(".search input")?.focus();
      }
    };
    addEventListener("keydown", key);
    return () => removeEventListener("keydown", key);
  }, []);

  const Page = eager[now];
  const found = lazy[now];
  return (
    <div class="frame">
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), document.querySelector<HTMLElement>("main h1")?.focus())}>
        To the content
      </a>
      <Side open={menuOpen} close={() => setMenu(false)} now={now} />
      <div class="pane">
        <header class="top">
          <button class="ghost menu-button" aria-label="Menu" aria-expanded={menuOpen} aria-controls="side" onClick={() => setMenu(!menuOpen)}>
            <Icon name="menu" />
          </button>
          <Search />
          <div class="top-right">
            <a class="pulse" href="#/blocks">
              <span class={"dot" + (live.trouble ? " off" : "")} />
              <span class="unseen">Height </span>
              {live.status ? whole(live.status.height) : "…"}
            </a>
            <button
              class="ghost"
              aria-label={theme === "dark" ? "Use light colours" : "Use dark colours"}
              onClick={() => chooseTheme(theme === "dark" ? "light" : "dark")}
            >
              <Icon name={theme === "dark" ? "sun" : "moon"} />
            </button>
            <WalletChip />
          </div>
        </header>
        {live.trouble && (
          <div class="banner" role="alert">
            <Icon name="warn" />
            {live.trouble}
          </div>
        )}
        <main id="main">
          {Page ? (
            <Page path={path} query={query} key={where} />
          ) : found ? (
            <Lazy module={found[0]} page={found[1]} path={path} query={query} key={where} />
          ) : (
            <Missing />
          )}
        </main>
        <footer class="foot">
          <span>Final blocks only, read from the node that serves this page.</span>
          <span>Amounts in FOG; 1 FOG is 1,000,000,000 droplets.</span>
        </footer>
      </div>
    </div>
  );
}
