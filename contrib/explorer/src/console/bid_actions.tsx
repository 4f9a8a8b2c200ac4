// What a bid's page offers to whoever has a wallet here; the part that signs is loaded only for them.
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Bid, Service } from "../node/types.ts";
import { useWallet } from "../wallet/state.ts";

export interface BidOwnerProps {
  bid: Bid;
  service: Service | null;
  again: () => void;
}

export function BidActions(props: BidOwnerProps) {
  const wallet = useWallet();
  const [Part, set] = useState<ComponentType<BidOwnerProps> | null>(null);
  const wanted = wallet.account !== null && props.bid.closed === "open";
  useEffect(() => {
    if (wanted) void import("./bid_owner.tsx").then((loaded) => set(() => loaded.BidOwner));
  }, [wanted]);
  return wanted && Part ? <Part {...props} /> : null;
}
