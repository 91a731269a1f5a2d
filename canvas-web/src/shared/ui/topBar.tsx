/** The 48 px bar over each page: where you are at the left, a flow's faces in the middle, one primary action at the right. */
import type { ReactNode } from "react";
import { Link } from "react-router";

export function TopBar({ left, center, right }: { left: ReactNode; center?: ReactNode; right?: ReactNode }) {
  return (
    <header className="topbar">
      <div className="topbar-left">{left}</div>
      {center && <div className="topbar-center">{center}</div>}
      <div className="topbar-right">{right}</div>
    </header>
  );
}

/** Edit, Runs, Versions: the faces of one flow. */
export function FlowFaces({ flowId, current }: { flowId: string; current: "edit" | "runs" | "versions" }) {
  const faces = [
    { key: "edit", label: "Edit", to: `/flows/${flowId}` },
    { key: "runs", label: "Runs", to: `/flows/${flowId}/runs` },
    { key: "versions", label: "Versions", to: `/flows/${flowId}/versions` },
  ] as const;
  return (
    <nav className="seg" aria-label="Faces of this flow">
      {faces.map((face) => (
        <Link key={face.key} to={face.to} aria-current={face.key === current ? "page" : undefined} className="no-underline">
          {face.label}
        </Link>
      ))}
    </nav>
  );
}
