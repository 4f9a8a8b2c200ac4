export { WalletPage } from "./wallet.tsx";
export { StakePage } from "./stake.tsx";
export { PublishPage } from "./publish.tsx";
export { DeploymentsPage } from "./deployments.tsx";
export { HostingPage } from "./hosting.tsx";
