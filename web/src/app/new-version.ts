import { RoomcastError } from '@roomcast/client';

const key = 'roomcast.reloaded';
const pauseMs = 60_000;
const answerMs = 10_000;

/** What Vite could not load. */
const missing = new WeakSet<Error>();

/**
 * To be called when the page starts. A page that was loaded from an earlier version of the server asks for parts that
 * are not there any more: from now on it is known which errors may mean that. What the player lacks is its own matter.
 */
export function reloadForNewVersion(): void {
  addEventListener('vite:preloadError', ({ payload }) => missing.add(payload));
}

/** A part could not be loaded, and what it belongs to cannot be shown: reloads the page if the server has another version. */
export async function reloadAfter(fault: unknown): Promise<void> {
  const isMissing = fault instanceof Error && missing.has(fault);
  if (isMissing && (await servedVersion()) === 'other') reloadPage();
}

/**
 * Loads a part of the page. If that fails and the server has another version of the page, that is loaded; otherwise the
 * page stays, and the music with it.
 * @throws {RoomcastError} network: the server cannot be reached; part_missing: it can be reached, and only loading the
 *   page again may help, because some browsers remember failures and do not ask a second time
 */
export async function loadPart<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    const served = await servedVersion();
    if (served === undefined) throw new RoomcastError('network', 'The server cannot be reached.', { cause });
    if (served === 'other') reloadPage();
    throw new RoomcastError('part_missing', 'A part of the page could not be loaded.', { cause });
  }
}

export const isPartMissing = (error: unknown): boolean =>
  error instanceof RoomcastError && error.code === 'part_missing';

/** Reloads the page, at most once in a minute. @returns whether it reloads */
export function reloadPage(): boolean {
  try {
    if (Date.now() - Number(sessionStorage.getItem(key)) < pauseMs) return false;
    sessionStorage.setItem(key, String(Date.now()));
  } catch {
    return false;
  }
  location.reload();
  return true;
}

/** The version of the page that the server has: this one or another; undefined if the server does not answer. */
async function servedVersion(): Promise<'this' | 'other' | undefined> {
  // Its name contains a hash of the whole page.
  const script = document.querySelector('script[type="module"][src]')?.getAttribute('src');
  try {
    const response = await fetch('/', { cache: 'no-store', signal: AbortSignal.timeout(answerMs) });
    const html = response.ok ? await response.text() : '';
    if (script && html.includes(`src="${script}"`)) return 'this';
    // Anything else comes from something between the page and the server.
    return /src="\/assets\/[^"]+\.js"/.test(html) ? 'other' : undefined;
  } catch {
    return undefined;
  }
}
