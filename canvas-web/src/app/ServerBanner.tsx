/** Says which part of the server is missing, what works without it and what does not, until it is back. */
import { useEffect, useRef, useSyncExternalStore } from "react";
import { askServerNow, serverHealth, subscribeServerHealth } from "@/shared/protocol";
import { useNow } from "@/shared/time";
import { announce, Banner, Button } from "@/shared/ui";
import { serverWords } from "./serverWords";

/** What is over sooner than this is not worth a word: calls are tried again by themselves, and a start takes a while. */
const PATIENCE_MS = 2_000;

export function ServerBanner() {
  const health = useSyncExternalStore(subscribeServerHealth, serverHealth);
  // Where nobody answers at all, each page says so itself, beside what it kept.
  const partly = health.state === "partly";
  const now = useNow(partly, 500);
  const shown = partly && now >= (health.since ?? now) + PATIENCE_MS;
  const words = serverWords(health.missing);
  const said = useRef("");
  useEffect(() => {
    if (shown && said.current !== words.title) {
      announce(`${words.title} ${words.works}`, true);
      said.current = words.title;
    } else if (health.state === "fine" && said.current !== "") {
      announce("The server answers again.", true);
      said.current = "";
    }
  }, [shown, words.title, words.works, health.state]);
  if (!shown) return null;
  const left = Math.max(0, Math.ceil(((health.nextTryAt ?? now) - now) / 1000));
  return (
    <div className="server-banner">
      <Banner status="stale" testId="server-partly" actions={<><span className="server-banner-wait">{left > 0 ? `next try in ${left} s` : "Trying"}</span><Button size="small" onClick={askServerNow}>Try now</Button></>}>
        <b className="font-semibold">{words.title}</b> {words.works} <span className="text-ink-3">{words.waits}</span>
      </Banner>
    </div>
  );
}
