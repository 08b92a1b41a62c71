/*
 * Browsers let a page play sound only if its AudioContext was made or resumed in the handler of a click or key.
 */

let primed: AudioContext | undefined;

/** For handlers of clicks and keys. Throws if the browser has no Web Audio. */
export function openSound(): AudioContext {
  const context = new AudioContext({ latencyHint: 'playback' });
  void context.resume().catch(() => undefined);
  return context;
}

/** Ends a context; one that has ended already stays so. */
export function closeSound(context: AudioContext | undefined): void {
  context?.close().catch(() => undefined);
}

/** In the handler of a click that leads to a room: the room then opens without asking for another click. */
export function primeSound(): void {
  closeSound(primed);
  try {
    primed = openSound();
  } catch {
    // The door says so.
    primed = undefined;
  }
}

/** The context of the click that led here, once. */
export function takePrimedSound(): AudioContext | undefined {
  const context = primed;
  primed = undefined;
  return context;
}

/** How long a browser may take to begin the output, where it lets the page do that. */
const beginMs = 400;

/** A context that plays without a click, where the browser allows that; else undefined. */
export async function openSoundWithoutClick(): Promise<AudioContext | undefined> {
  const { userActivation } = navigator as { userActivation?: { hasBeenActive: boolean } };
  // Safari tells nothing, and lets nothing play.
  if (userActivation === undefined) return undefined;
  let context: AudioContext;
  try {
    context = openSound();
  } catch {
    return undefined;
  }
  if (context.state !== 'running') {
    await new Promise<void>((resolve) => {
      context.addEventListener('statechange', () => resolve(), { once: true });
      setTimeout(resolve, beginMs);
    });
  }
  if ((context.state as string) === 'running') return context;
  closeSound(context);
  return undefined;
}
