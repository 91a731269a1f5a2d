/** The 48 px rail: where one can go, and below it theme and help. */
import { Activity, CalendarClock, CircleHelp, Inbox, Monitor, Moon, Sun, Workflow } from "lucide-react";
import { Link } from "react-router";
import { MenuButton } from "@/shared/ui";
// Not by the front door: that brings the forms along, which no first page needs.
import { useOpenApprovals } from "@/shared/waits/useWaits";
import { chooseTheme, useTheme, type ThemeChoice } from "./theme";

const places = [
  { to: "/", label: "Flows", icon: Workflow, matches: (path: string) => path === "/" || path.startsWith("/flows") },
  { to: "/runs", label: "Runs", icon: Activity, matches: (path: string) => path.startsWith("/runs") },
  { to: "/approvals", label: "Approvals", icon: Inbox, matches: (path: string) => path.startsWith("/approvals") },
  { to: "/schedules", label: "Schedules", icon: CalendarClock, matches: (path: string) => path.startsWith("/schedules") },
];
const themeIcon = { light: Sun, dark: Moon, system: Monitor } as const;

export function Rail({ path, onHelp }: { path: string; onHelp: () => void }) {
  const choice = useTheme((state) => state.choice);
  const waiting = useOpenApprovals();
  const count = waiting === null || waiting.count === 0 ? null : waiting.count > 99 || waiting.more ? "99+" : String(waiting.count);
  const ThemeIcon = themeIcon[choice];
  const pick = (label: string, value: ThemeChoice) => ({ label, icon: themeIcon[value], run: () => chooseTheme(value) });
  return (
    <nav className="rail" aria-label="Main">
      <Link to="/" className="rail-mark" aria-label="TriggerFlow Canvas" data-tip="TriggerFlow Canvas">
        <svg width="24" height="24" viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round" strokeLinejoin="round" aria-hidden>
          <path d="M2.5 17.5h6v-11h6.5" />
          <circle cx="18.5" cy="6.5" r="2.75" />
        </svg>
      </Link>
      {places.map(({ to, label, icon: Icon, matches }) => (
        <Link key={to} to={to} className="rail-place" aria-label={to === "/approvals" && count !== null ? `${label}, ${count} open` : label} data-tip={label} aria-current={matches(path) ? "page" : undefined}>
          <Icon className="icon icon-18" aria-hidden />
          <span className="rail-word">{label}</span>
          {to === "/approvals" && count !== null && <span className="rail-count" data-testid="approvals-count" aria-hidden>{count}</span>}
        </Link>
      ))}
      <div className="rail-foot">
        <MenuButton label="Theme" entries={[pick("Light", "light"), pick("Dark", "dark"), pick("As the system", "system")]}>
          {(props) => (
            <button type="button" className="rail-place" aria-label="Light or dark" data-tip="Light or dark" {...props}>
              <ThemeIcon className="icon icon-18" aria-hidden />
            </button>
          )}
        </MenuButton>
        <button type="button" className="rail-place" aria-label="Keys and help" data-tip="Keys and help" data-keys="?" onClick={onHelp}>
          <CircleHelp className="icon icon-18" aria-hidden />
        </button>
      </div>
    </nav>
  );
}
