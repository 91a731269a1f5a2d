/** At a port: the channel it publishes to or listens to. Pressed, it tells who else does. */
import { Radio } from "lucide-react";
import { hueOf, TAG_GAP, tagWords, type ChannelTag } from "./channels";
import { WIDTH } from "./geometry";

export interface OpenTag {
  tag: ChannelTag;
  nodeId: string;
  at: { x: number; y: number };
}

export function ChannelTags({ nodeId, name, tags, onOpen }: { nodeId: string; name: string; tags: readonly ChannelTag[]; onOpen: (open: OpenTag) => void }) {
  return tags.map((tag) => {
    const [first = "", ...more] = tag.names;
    const beside = WIDTH + TAG_GAP;
    const style: React.CSSProperties & { "--hue": string } = { ...(tag.side === "publishers" ? { left: beside } : { right: beside }), top: tag.y, maxWidth: tag.room, "--hue": hueOf(first) };
    return (
      <button
        key={`${tag.side} ${tag.port ?? ""}`}
        type="button"
        className={`channel-tag nodrag nopan at-${tag.side}`}
        // Reached through the inspector and the node's menu: in the canvas Tab adds a node.
        tabIndex={-1}
        style={style}
        data-testid={`channel-tag-${first}`}
        data-side={tag.side}
        data-tip={`${tagWords(tag)}${tag.shared && tag.side !== "project" ? ", and other flows hear it" : ""}`}
        aria-label={`${name}, ${tagWords(tag)}. Show who publishes and who listens.`}
        aria-haspopup="dialog"
        onDoubleClick={(event) => event.stopPropagation()}
        onClick={(event) => {
          event.stopPropagation();
          const box = event.currentTarget.getBoundingClientRect();
          onOpen({ tag, nodeId, at: { x: box.left, y: box.bottom + 4 } });
        }}
      >
        {tag.shared && tag.room >= 60 && <Radio className="icon icon-10" aria-hidden />}
        <span className="cut">{first}</span>
        {more.length > 0 && <span className="more">+{more.length}</span>}
      </button>
    );
  });
}
