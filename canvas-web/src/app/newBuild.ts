/**
 * After an upgrade the parts of the page not loaded yet have other names, and the old ones are gone: the page loads
 * itself again, once a minute at most, and only while the server answers. Edits are kept in this browser.
 */
const key = "tfcanvas.reloadedAt";
const again = 60_000;

window.addEventListener("vite:preloadError", () => {
  if (Date.now() - Number(sessionStorage.getItem(key) ?? 0) < again) return;
  fetch(import.meta.env.BASE_URL, { cache: "no-store" }).then(
    ({ ok }) => {
      if (!ok) return;
      sessionStorage.setItem(key, String(Date.now()));
      window.location.reload();
    },
    () => undefined,
  );
});
