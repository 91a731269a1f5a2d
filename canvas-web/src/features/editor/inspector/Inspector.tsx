/** The inspector, docked right: one node's settings, ports, last run and JSON; without a node, the flow itself. */
import { CopyPlus, Ellipsis, Pencil, Trash2, X } from "lucide-react";
import { useState } from "react";
import { duplicate, removeSelection, renameNode } from "@/document";
import { NameField } from "@/shared/graph";
import type { FlowNode } from "@/shared/protocol";
import { IconButton, KindTile, kindOf, MenuButton, Tabs } from "@/shared/ui";
import { entryOf, useDraft, useEditor, useMake, useOnlyEdge, useOnlyNode, usePanels, type InspectorTab } from "../context";
import { newId, nothingSelected } from "../draft";
import { EdgePanel } from "./EdgePanel";
import { FlowSettings } from "./FlowSettings";
import { JsonTab } from "./JsonTab";
import { LastRunTab } from "./LastRunTab";
import { PortsTab } from "./PortsTab";
import { SettingsTab } from "./SettingsTab";

const tabs: readonly { key: InspectorTab; label: string }[] = [
  { key: "settings", label: "Settings" },
  { key: "ports", label: "Ports" },
  { key: "last", label: "Try, last run" },
  { key: "json", label: "JSON" },
];

export function Inspector() {
  const { panels } = useEditor();
  const node = useOnlyNode();
  const edge = useOnlyEdge();
  const many = useDraft((draft) => draft.selection.nodes.size);
  const close = () => panels.setState({ inspector: false });
  return (
    <aside className="inspector" aria-label={node?.name ?? (edge ? "Wire" : "Flow")} data-testid="inspector">
      {node ? (
        <OneNode key={node.id} node={node} onClose={close} />
      ) : edge ? (
        <EdgePanel key={edge.id} edge={edge} onClose={close} />
      ) : (
        <>
          <header className="inspector-head">
            <h2 className="inspector-title">{many > 1 ? `${many} nodes` : "This flow"}</h2>
            <IconButton icon={X} label="Close" onClick={close} />
          </header>
          <div className="inspector-body">{many > 1 ? <p className="sect m-0 text-ink-2">Select one node to see its settings. Together they can be moved, copied, duplicated and deleted.</p> : <FlowSettings />}</div>
        </>
      )}
    </aside>
  );
}

function OneNode({ node, onClose }: { node: FlowNode; onClose: () => void }) {
  const { catalogue, panels, draft } = useEditor();
  const tab = usePanels((state) => state.tab);
  const plan = useMake();
  const [renaming, setRenaming] = useState(false);
  const entry = entryOf(catalogue, node);
  return (
    <>
      <header className="inspector-head">
        <KindTile look={kindOf(node.type, node.handlers["main"]?.entrypoint, entry?.ui)} />
        {renaming ? (
          <NameField
            name={node.name}
            className="input inspector-name"
            onDone={(name) => {
              setRenaming(false);
              if (name !== null) plan((doc) => renameNode(doc, node.id, name));
            }}
          />
        ) : (
          <h2 className="inspector-title">
            <button type="button" className="cut" data-tip="Rename" data-keys="F2" data-testid="inspector-name" onClick={() => setRenaming(true)}>{node.name}</button>
          </h2>
        )}
        <MenuButton
          label="Node"
          alignEnd
          entries={[
            { label: "Rename", icon: Pencil, keys: "F2", run: () => setRenaming(true) },
            { label: "Duplicate", icon: CopyPlus, keys: "Ctrl+D", run: () => plan((doc) => duplicate(doc, new Set([node.id]), newId)) },
            "separator",
            {
              label: "Delete", icon: Trash2, keys: "Del", danger: true,
              run: () => {
                plan((doc) => removeSelection(doc, new Set([node.id]), new Set()));
                draft.setState({ selection: nothingSelected });
              },
            },
          ]}
        >
          {(props) => <IconButton icon={Ellipsis} label="More" {...props} />}
        </MenuButton>
        <IconButton icon={X} label="Close" keys="Esc" onClick={onClose} />
      </header>
      <Tabs items={tabs} current={tab} onChange={(next) => panels.setState({ tab: next })} label="Inspector" className="inspector-tabs" />
      <div className="inspector-body" role="tabpanel">
        {tab === "settings" && <SettingsTab node={node} entry={entry} />}
        {tab === "ports" && <PortsTab node={node} />}
        {tab === "last" && <LastRunTab node={node} />}
        {tab === "json" && <JsonTab node={node} />}
      </div>
    </>
  );
}
