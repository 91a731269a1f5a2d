/** The node as it is saved. What parses and fits the schema is taken at once; the rest is said. */
import { useState } from "react";
import { changeNode } from "@/document";
import { JsonField, violationsOf } from "@/shared/forms";
import { nodeSchema, nodeViolations, type FlowNode, type Json } from "@/shared/protocol";
import { ProblemSign } from "@/shared/ui";
import { useMake } from "../context";

export function JsonTab({ node }: { node: FlowNode }) {
  const plan = useMake();
  const [problems, setProblems] = useState<readonly string[]>([]);
  const { version, ...shown } = node;
  return (
    <section className="sect grid gap-2">
      <JsonField
        label="Node as JSON"
        keepAs={`node ${node.id}`}
        value={shown as unknown as Json}
        minRows={16}
        maxRows={40}
        testId="node-json"
        onChange={(value) => {
          const broken = value === undefined || nodeViolations(value).length > 0;
          const said = broken ? violationsOf(nodeSchema, value ?? null) : [];
          const found = broken && said.length === 0 ? [{ pointer: "", message: "This is no node." }] : said;
          const other = (value as { id?: unknown } | undefined)?.id !== node.id ? ["The id stays as it is."] : [];
          const told = [...found.map(({ pointer, message }) => pointer === "" ? message : `${pointer.slice(1).replaceAll("/", " › ")}: ${message}`), ...(found.length === 0 ? other : [])];
          setProblems(told);
          if (told.length === 0) plan((doc) => changeNode(doc, { ...(value as unknown as FlowNode), ...(version === undefined ? {} : { version }) }), `json ${node.id}`);
        }}
      />
      {problems.slice(0, 5).map((problem) => <div key={problem} className="help-bad"><ProblemSign />{problem}</div>)}
      <p className="help m-0">What breaks the schema is not taken over. The server counts versions of a node by itself.</p>
    </section>
  );
}
