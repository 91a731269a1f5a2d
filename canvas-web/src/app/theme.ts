/** Light, dark or as the system says. public/theme.js decides before the first paint; this follows every change after it. */
import { create } from "zustand";

export type ThemeChoice = "light" | "dark" | "system";

const key = "tfcanvas.theme";
const system = window.matchMedia("(prefers-color-scheme: dark)");

const read = (): ThemeChoice => {
  const stored = localStorage.getItem(key);
  return stored === "light" || stored === "dark" ? stored : "system";
};

export const useTheme = create<{ choice: ThemeChoice }>(() => ({ choice: read() }));

export function isDark(choice = useTheme.getState().choice): boolean {
  return choice === "dark" || (choice === "system" && system.matches);
}

function paint(): void {
  document.documentElement.dataset["theme"] = isDark() ? "dark" : "light";
}

export function chooseTheme(choice: ThemeChoice): void {
  if (choice === "system") localStorage.removeItem(key);
  else localStorage.setItem(key, choice);
  useTheme.setState({ choice });
  paint();
}

system.addEventListener("change", paint);
window.addEventListener("storage", (event) => {
  if (event.key !== key) return;
  useTheme.setState({ choice: read() });
  paint();
});
