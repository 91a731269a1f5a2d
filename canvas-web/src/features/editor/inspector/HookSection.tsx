/** A webhook, form or chat: where it answers, its secret, how to call it, and a test call over the draft. */
import { Copy, Ear, ExternalLink, Eye, EyeOff, RefreshCw } from "lucide-react";
import { useEffect, useState } from "react";
import { api, type FlowNode, type Hook, type HookListen, ProblemError } from "@/shared/protocol";
import { Banner, Button, Dialog, duration, IconButton, JsonTree, Skeleton, StatusBadge, toast } from "@/shared/ui";
import { useNow } from "@/shared/time";
import { useDraft } from "../context";
import { curlExample, masked } from "./hookWords";
import { useSavedAnswer } from "./useSavedAnswer";

const copy = (text: string, what: string) => void navigator.clipboard.writeText(text).then(() => toast({ title: `Copied ${what}`, status: "done" }));

export function HookSection({ node }: { node: FlowNode }) {
  const flowId = useDraft((draft) => draft.flowId);
  const { value: hooks, failure, again, replace } = useSavedAnswer((signal) => api.hooks.list(flowId, { signal }));
  const hook = hooks?.find((one) => one.nodeId === node.id);
  const kind = node.handlers["main"]?.entrypoint;
  if (failure !== null && hooks === null) {
    return (
      <section className="sect">
        <Banner status="failed" actions={<Button size="small" onClick={again}>Try now</Button>}>{failure instanceof ProblemError ? (failure.status === 404 ? "This server knows no hooks yet: it is older than this page." : failure.detail) : "The server did not answer, so the address is not known here."}</Banner>
      </section>
    );
  }
  if (hooks === null) return <section className="sect"><Skeleton height={48} /></section>;
  if (!hook?.url) return <section className="sect text-ink-3">Give it a path; once that is saved, its address stands here.</section>;
  return (
    <>
      <section className="sect grid gap-2" data-testid="hook">
        <h3 className="sect-title m-0">Address <span className="ml-auto">{hook.active ? <StatusBadge plain status="done" word="Answers" /> : <StatusBadge plain status="queued" word="Not published yet" />}</span></h3>
        <div className="copy-line"><code data-testid="hook-url">{hook.url}</code><IconButton icon={Copy} size="small" label="Copy the address" onClick={() => copy(hook.url ?? "", "the address")} /></div>
        {kind === "core:webhook" ? (
          <span className="help">{hook.active ? "The active version starts with each signed call." : "Publish the flow, and it answers here. Until then listen for a test call below."}</span>
        ) : hook.active ? (
          <a className="btn justify-self-start" href={hook.url} target="_blank" rel="noreferrer" data-testid="hook-open"><ExternalLink className="icon icon-14" aria-hidden />Open the {kind === "core:chat" ? "chat" : "form"}</a>
        ) : <span className="help">Publish the flow, and the page stands here, for a phone too.</span>}
      </section>
      {kind === "core:webhook" && <Secret hook={hook} flowId={flowId} onRotated={(next) => replace(hooks.map((one) => (one.nodeId === next.nodeId ? next : one)))} />}
      {kind === "core:webhook" && <Listen flowId={flowId} nodeId={node.id} secret={hook.secret} />}
    </>
  );
}

function Secret({ hook, flowId, onRotated }: { hook: Hook; flowId: string; onRotated: (hook: Hook) => void }) {
  const [shown, setShown] = useState(false);
  const [asking, setAsking] = useState(false);
  const { secret } = hook;
  const rotate = () => {
    setAsking(false);
    api.hooks.rotate(flowId, hook.nodeId).then(
      (next) => {
        onRotated(next);
        toast({ title: "The secret is new. Callers with the old one are refused.", status: "done" });
      },
      (error: unknown) => toast({ title: "The secret was not changed.", text: error instanceof ProblemError ? error.detail : "The server did not answer. Look whether it changed, then try again.", status: "failed" }),
    );
  };
  return (
    <section className="sect grid gap-2">
      <h3 className="sect-title m-0">Secret</h3>
      {secret === null ? <span className="help">The environment of the server holds it, under the name above. It is never shown.</span> : (
        <>
          <div className="copy-line">
            <code data-testid="hook-secret">{shown ? secret : masked(secret)}</code>
            <IconButton icon={shown ? EyeOff : Eye} size="small" label={shown ? "Hide the secret" : "Show the secret"} onClick={() => setShown(!shown)} />
            <IconButton icon={Copy} size="small" label="Copy the secret" onClick={() => copy(secret, "the secret")} />
            <IconButton icon={RefreshCw} size="small" label="Make a new secret" data-testid="hook-rotate" onClick={() => setAsking(true)} />
          </div>
          <span className="help">Callers sign with it; a call without a right signature is refused and starts nothing.</span>
        </>
      )}
      <details className="curl">
        <summary>How to call it</summary>
        <div className="relative">
          <pre className="code" data-testid="hook-curl">{curlExample(hook.url ?? "", secret === null ? "the secret" : shown ? secret : masked(secret))}</pre>
          <IconButton icon={Copy} size="small" label="Copy the call" className="curl-copy" onClick={() => copy(curlExample(hook.url ?? "", secret ?? "the secret"), "the call")} />
        </div>
      </details>
      {asking && (
        <Dialog title="Make a new secret?" onClose={() => setAsking(false)} footer={<><Button onClick={() => setAsking(false)}>Keep this one</Button><Button tone="danger" icon={RefreshCw} data-testid="hook-rotate-confirm" onClick={rotate}>Make a new one</Button></>}>
          <p className="m-0 text-ink-2">From that moment every caller that signs with the old secret gets 401, until it is given the new one. It cannot be brought back.</p>
        </Dialog>
      )}
    </section>
  );
}

/** Listens over the draft while the canvas is open: what the trigger would get is shown as it arrives. */
function Listen({ flowId, nodeId, secret }: { flowId: string; nodeId: string; secret: string | null }) {
  const [listen, setListen] = useState<HookListen | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const [starting, setStarting] = useState(false);
  const now = useNow(listen !== null && listen.calledAt === null, 1000);
  const left = listen === null ? 0 : Date.parse(listen.until) - now;
  const waiting = listen !== null && listen.calledAt === null && left > 0;
  useEffect(() => {
    if (!waiting) return;
    const stop = new AbortController();
    const timer = window.setInterval(() => {
      api.hooks.heard(flowId, nodeId, { signal: stop.signal }).then((heard) => {
        if (heard.calledAt !== null) setListen(heard);
      }, () => undefined);
    }, 1000);
    return () => {
      stop.abort();
      window.clearInterval(timer);
    };
  }, [waiting, flowId, nodeId]);
  const start = () => {
    setStarting(true);
    setFailure(null);
    api.hooks.listen(flowId, nodeId).then(
      (begun) => {
        setStarting(false);
        setListen(begun);
      },
      (error: unknown) => {
        setStarting(false);
        setFailure(error instanceof ProblemError ? error.detail : "The server did not answer. Nothing listens; try again in a moment.");
      },
    );
  };
  return (
    <section className="sect grid gap-2" data-testid="hook-listen">
      <h3 className="sect-title m-0">Test call <span className="ml-auto">{waiting ? <StatusBadge plain status="waiting" word={`Listens, ${duration(left)}`} /> : listen?.calledAt ? <StatusBadge plain status="done" word="A call came" /> : null}</span></h3>
      {listen === null || (!waiting && listen.calledAt === null) ? (
        <span className="help">{listen === null ? "Listens once over the draft as it is saved, for 120 s, at an address of its own. Nothing runs; you see what the trigger would get." : "No call came in 120 s. Check the address and the signature, then listen again."}</span>
      ) : (
        <div className="copy-line"><code>{listen.testUrl}</code><IconButton icon={Copy} size="small" label="Copy the test call" onClick={() => copy(curlExample(listen.testUrl, secret ?? "the secret"), "the test call")} /></div>
      )}
      {listen?.calledAt && <div data-testid="hook-heard"><JsonTree value={listen.call} name="out" open={3} /></div>}
      {failure !== null && <Banner status="failed">{failure}</Banner>}
      {!waiting && <Button icon={Ear} className="justify-self-start" data-testid="hook-listen-start" disabled={starting} onClick={start}>{listen === null ? "Listen for a test call" : "Listen again"}</Button>}
    </section>
  );
}
