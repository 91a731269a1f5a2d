/** Node kinds: a quiet hue and an icon in a 22 px tile, chosen from the handler's entrypoint and its `ui` hints. */
import {
  Braces, CalendarClock, CirclePlay, Code, FileJson2, FileSpreadsheet, Flag, Globe, ListChecks, ListTree, MessageCircle, MessageSquareText, Radio, Split, SquareFunction, TextCursorInput, Timer, UserCheck, Webhook,
  type LucideIcon,
} from "lucide-react";

export type Kind = "trigger" | "http" | "llm" | "code" | "map" | "condition" | "wait" | "subflow" | "output";

const icons: Record<string, LucideIcon> = {
  braces: Braces, "calendar-clock": CalendarClock, clock: Timer, "circle-play": CirclePlay, play: CirclePlay, code: Code,
  "file-spreadsheet": FileSpreadsheet, "file-json-2": FileJson2, "square-function": SquareFunction, table: FileSpreadsheet, flag: Flag, globe: Globe, "list-tree": ListTree,
  "list-checks": ListChecks, "message-circle": MessageCircle, "message-square-text": MessageSquareText, radio: Radio, split: Split, timer: Timer, "user-check": UserCheck, "text-cursor-input": TextCursorInput, webhook: Webhook,
};
const kindIcons: Record<Kind, LucideIcon> = {
  trigger: CirclePlay, http: Globe, llm: MessageSquareText, code: Code, map: Braces, condition: Split, wait: UserCheck, subflow: ListTree, output: Flag,
};
const known: Record<string, { kind: Kind; icon?: string }> = {
  "core:manual": { kind: "trigger", icon: "circle-play" },
  "core:webhook": { kind: "trigger", icon: "webhook" },
  "core:schedule": { kind: "trigger", icon: "calendar-clock" },
  "core:channel": { kind: "trigger", icon: "radio" },
  "core:form": { kind: "trigger", icon: "text-cursor-input" },
  "core:chat": { kind: "trigger", icon: "message-square-text" },
  "kafka:topic": { kind: "trigger", icon: "radio" },
  "core:event": { kind: "wait", icon: "radio" },
  "core:map": { kind: "map" },
  "core:parse": { kind: "map", icon: "file-spreadsheet" },
  "core:condition": { kind: "condition" },
  "core:approval": { kind: "wait" },
  "core:timer": { kind: "wait", icon: "timer" },
  "core:subflow": { kind: "subflow" },
  "core:output": { kind: "output" },
  "http:request": { kind: "http" },
};
/** An entrypoint without a colon is a function of the user's, by its dotted path. */
const aFunction: { kind: Kind; icon?: string } = { kind: "code", icon: "square-function" };
const byType: Record<string, Kind> = { trigger: "trigger", condition: "condition", subflow: "subflow", output: "output", action: "code" };

export interface KindLook {
  kind: Kind;
  icon: LucideIcon;
}

/** The look of a node: the handler's own hints first, then what we know of its entrypoint, then its type. */
export function kindOf(type: string, entrypoint?: string, ui?: Record<string, unknown>): KindLook {
  const hinted = typeof ui?.["kind"] === "string" && ui["kind"] in kindIcons ? (ui["kind"] as Kind) : undefined;
  const entry = entrypoint ? (known[entrypoint] ?? (entrypoint.includes(":") ? undefined : aFunction)) : undefined;
  const kind = hinted ?? entry?.kind ?? byType[type] ?? "code";
  const icon = icons[typeof ui?.["icon"] === "string" ? ui["icon"] : ""] ?? icons[entry?.icon ?? ""] ?? kindIcons[kind];
  return { kind, icon };
}

export function KindTile({ look }: { look: KindLook }) {
  const Icon = look.icon;
  return (
    <span className={`kind k-${look.kind}`} aria-hidden>
      <Icon className="icon" />
    </span>
  );
}
