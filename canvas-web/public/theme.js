// Resolve light, dark or system before the first paint; src/app/theme.ts takes over from here.
(function () {
  var choice = null;
  try { choice = localStorage.getItem("tfcanvas.theme"); } catch (_) { /* storage refused: follow the system */ }
  var dark = choice === "dark" || (choice !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();
