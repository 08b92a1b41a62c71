const key = 'roomcast.reloaded';
const pauseMs = 60_000;

/**
 * A page that was loaded from an earlier version of the server asks for parts that are not there any more: it is loaded
 * anew, but not again and again.
 */
export function reloadForNewVersion(): void {
  addEventListener('vite:preloadError', (event) => {
    try {
      if (Date.now() - Number(sessionStorage.getItem(key)) < pauseMs) return;
      sessionStorage.setItem(key, String(Date.now()));
    } catch {
      return;
    }
    event.preventDefault();
    location.reload();
  });
}
