/**
 * Saves by itself, a moment after the last edit. Nothing is lost: every edit is kept in this browser until the server
 * has it; offline it goes on trying; what somebody else saved meanwhile is never overwritten without asking.
 */
import { api, NoAnswerError, onServerBack, ProblemError } from "@/shared/protocol";
import { parseExact, stringifyExact } from "@/shared/protocol/exactJson";
import type { FlowDoc } from "@/document";
import { bodyOf, docOf, type DraftStore, type SaveState } from "./draft";

const pause = 700;
const retryAfter = 4000;

interface Kept {
  doc: FlowDoc;
  etag: string;
}

const keyOf = (flowId: string) => `tfcanvas.draft.${flowId}`;

export class Saver {
  private timer: number | undefined;
  private running: Promise<void> | null = null;
  private unsubscribe: () => void = () => undefined;
  private unwait: () => void = () => undefined;
  private edits = 0;

  constructor(private readonly store: DraftStore) {}

  async open(): Promise<void> {
    const { flowId } = this.store.getState();
    try {
      const { data, etag } = await api.flows.get(flowId);
      const doc = docOf(data);
      const kept = this.kept();
      this.store.setState({
        phase: "ready",
        doc,
        saved: { doc, etag: etag ?? "*", problems: data.problems, updatedAt: data.updatedAt },
        latestVersion: data.latestVersion,
        save: { kind: "saved" },
      });
      this.watch();
      if (kept && stringifyExact(bodyOf(kept.doc)) !== stringifyExact(bodyOf(doc))) {
        this.store.setState({ doc: kept.doc });
        if (kept.etag !== etag) this.set({ kind: "conflict" });
      } else this.forget();
      void this.knowPublished(data.updatedAt);
    } catch (error) {
      this.store.setState({ phase: error instanceof ProblemError && error.status === 404 ? "missing" : "failed" });
    }
  }

  close(): void {
    window.clearTimeout(this.timer);
    this.unsubscribe();
    window.removeEventListener("online", this.online);
    this.unwait();
    if (this.isDirty()) void this.flush();
  }

  /** Save now what is not saved. True where the server has everything. */
  async flush(): Promise<boolean> {
    window.clearTimeout(this.timer);
    for (let round = 0; this.isDirty() && round < 4; round++) {
      if (this.store.getState().save.kind === "conflict") return false;
      this.running ??= this.put().finally(() => {
        this.running = null;
      });
      await this.running;
      const { kind } = this.store.getState().save;
      if (kind === "offline" || kind === "conflict" || kind === "refused") return false;
    }
    return !this.isDirty();
  }

  /** The conflict ends: take what the server has. */
  async reload(): Promise<void> {
    this.forget();
    this.unsubscribe();
    await this.open();
  }

  /** The conflict ends: what is here becomes a flow of its own, and this one stays as the other left it. */
  async keepAsCopy(): Promise<string> {
    const { doc } = this.store.getState();
    const { data } = await api.flows.create({ ...bodyOf(doc), name: `${doc.name.slice(0, 190)} (mine)` });
    this.forget();
    this.unsubscribe();
    return data.id;
  }

  isDirty(): boolean {
    const { doc, saved, phase } = this.store.getState();
    return phase === "ready" && saved !== null && doc !== saved.doc;
  }

  private watch(): void {
    this.unsubscribe();
    window.addEventListener("online", this.online);
    this.unwait();
    this.unwait = onServerBack(this.online);
    this.unsubscribe = this.store.subscribe((now, before) => {
      if (now.doc === before.doc || now.doc === now.saved?.doc) return;
      this.edits++;
      this.keep(now.doc);
      if (now.save.kind === "conflict") return;
      if (now.save.kind === "offline") this.set({ kind: "offline", edits: this.edits });
      else if (now.save.kind !== "saving") this.set({ kind: "dirty" });
      this.later(pause);
    });
  }

  private readonly online = (): void => {
    if (this.isDirty()) void this.flush();
  };

  private later(ms: number): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.flush(), ms);
  }

  private async put(): Promise<void> {
    const { flowId, doc, saved } = this.store.getState();
    if (!saved) return;
    this.set({ kind: "saving" });
    try {
      const { data, etag } = await api.flows.put(flowId, bodyOf(doc), saved.etag);
      const now = this.store.getState();
      this.store.setState({ saved: { doc, etag: etag ?? "*", problems: data.problems, updatedAt: data.updatedAt }, latestVersion: data.latestVersion });
      if (now.doc === doc) {
        this.edits = 0;
        this.forget();
        this.set({ kind: "saved" });
      } else {
        this.keep(now.doc);
        this.set({ kind: "dirty" });
        this.later(pause);
      }
    } catch (error) {
      this.fail(error);
    }
  }

  private fail(error: unknown): void {
    if (error instanceof ProblemError && error.status === 412) this.set({ kind: "conflict" });
    else if (error instanceof NoAnswerError || (error instanceof ProblemError && error.status >= 500)) {
      this.set({ kind: "offline", edits: Math.max(1, this.edits) });
      this.later(retryAfter);
    } else if (error instanceof ProblemError) {
      this.set({ kind: "refused", message: error.errors[0]?.message ?? error.detail, pointer: error.errors[0]?.pointer ?? "" });
    } else this.set({ kind: "refused", message: error instanceof Error ? error.message : "It does not match the schema.", pointer: "" });
  }

  private set(save: SaveState): void {
    this.store.setState({ save });
  }

  /**
   * Which version is the newest, and whether it is what is on screen: then it was made after the last save. Asked for by
   * itself, because publishing moves no etag, so that a cached flow may still name the version before.
   */
  private async knowPublished(updatedAt: string): Promise<void> {
    const { flowId, doc } = this.store.getState();
    try {
      const [newest] = await api.flows.versions(flowId);
      if (!newest) return;
      this.store.setState({ latestVersion: newest.version });
      const same = Date.parse(newest.createdAt) >= Date.parse(updatedAt);
      if (same && this.store.getState().publishedDoc === null) this.store.setState({ publishedDoc: doc });
    } catch {
      // The chip then says what the flow itself told.
    }
  }

  private keep(doc: FlowDoc): void {
    const { flowId, saved } = this.store.getState();
    try {
      localStorage.setItem(keyOf(flowId), stringifyExact({ doc, etag: saved?.etag ?? "*" }));
    } catch {
      // A full or refused storage: the server still gets it.
    }
  }

  private kept(): Kept | null {
    try {
      const text = localStorage.getItem(keyOf(this.store.getState().flowId));
      return text === null ? null : (parseExact(text) as unknown as Kept);
    } catch {
      return null;
    }
  }

  private forget(): void {
    localStorage.removeItem(keyOf(this.store.getState().flowId));
  }
}
