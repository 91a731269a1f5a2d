/** Buttons, keys and links: one primary a view, icons named by a tooltip. */
import type { LucideIcon } from "lucide-react";
import type { ButtonHTMLAttributes, ReactNode } from "react";

export type ButtonTone = "secondary" | "primary" | "quiet" | "danger";

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  tone?: ButtonTone;
  size?: "small" | "normal" | "large";
  icon?: LucideIcon;
  /** Shown as keys at the end, "Ctrl+Enter". */
  keys?: string;
  ref?: React.Ref<HTMLButtonElement>;
}

const tones: Record<ButtonTone, string> = { secondary: "", primary: "btn-primary", quiet: "btn-quiet", danger: "btn-danger" };
const sizes = { small: "btn-small", normal: "", large: "btn-large" };

export function Button({ tone = "secondary", size = "normal", icon: Icon, keys, className = "", children, ...rest }: ButtonProps) {
  return (
    <button type="button" className={`btn ${tones[tone]} ${sizes[size]} ${className}`} {...rest}>
      {Icon && <Icon className="icon icon-14" aria-hidden />}
      {children}
      {keys && <Keys of={keys} />}
    </button>
  );
}

export interface IconButtonProps extends Omit<ButtonProps, "children" | "icon"> {
  icon: LucideIcon;
  /** Read aloud and shown as the tooltip. */
  label: string;
}

export function IconButton({ icon: Icon, label, keys, tone = "quiet", size = "normal", className = "", ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      className={`btn btn-icon ${tones[tone]} ${sizes[size]} ${className}`}
      aria-label={label}
      data-tip={label}
      data-keys={keys}
      {...rest}
    >
      <Icon className={size === "small" ? "icon icon-14" : "icon"} aria-hidden />
    </button>
  );
}

const onMac = typeof navigator !== "undefined" && /Mac|iPhone|iPad/.test(navigator.userAgent);

/** "Ctrl+K" as two key caps; Ctrl reads ⌘ on a Mac. */
export function Keys({ of }: { of: string }) {
  return (
    <span className="inline-flex gap-1" aria-hidden>
      {of.split("+").map((key) => (
        <kbd key={key} className="kbd">
          {onMac && key === "Ctrl" ? "⌘" : key}
        </kbd>
      ))}
    </span>
  );
}

export function Chip({ children, none = false, title }: { children: ReactNode; none?: boolean; title?: string }) {
  return (
    <span className={`chip ${none ? "chip-none" : ""}`} data-tip={title}>
      {children}
    </span>
  );
}
