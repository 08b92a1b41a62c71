/*
 * Keeps the page's hashed files, which never change, so that the page opens quickly on slow networks. Everything else, the
 * page itself and the API above all, always comes from the server: a new version is there with the next load.
 */
/* global self, caches */

const cacheName = 'assets';
/** Of several versions of the page; the oldest go first. */
const maxFiles = 150;

self.addEventListener('install', () => void self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== self.location.origin || !pathname.startsWith('/assets/')) return;
  event.respondWith(answer(event));
});

async function answer(event) {
  const cache = await caches.open(cacheName);
  const known = await cache.match(event.request);
  if (known) return known;
  const response = await fetch(event.request);
  // Only whole files: a redirect or an error page under this name must not stay.
  if (response.status === 200 && !response.redirected)
    event.waitUntil(keep(cache, event.request, response.clone()));
  return response;
}

async function keep(cache, request, response) {
  await cache.put(request, response);
  const keys = await cache.keys();
  await Promise.all(keys.slice(0, Math.max(0, keys.length - maxFiles)).map((key) => cache.delete(key)));
}
