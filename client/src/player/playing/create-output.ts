import { DecoderLag } from '../media/decoder-lag.js';
import { openAudio } from '../media/open-audio.js';
import { RangedSource } from '../media/ranged-source.js';
import { decodeFile, SliceDecoder } from '../media/slice-decoder.js';
import type { PlayerOptions } from '../player-options.js';
import type { PlayerClock, PlayerRoom } from '../player-room.js';
import { loudnessGain } from './loudness-gain.js';
import { OutputRouter } from './output-router.js';
import { WebAudioOutput } from './web-audio-output.js';

/**
 * Puts together what a player plays with.
 * @param offset seconds by which the device is late, as the user set it
 * @param signal aborts the requests for tracks
 */
export function createOutput(
  room: PlayerRoom,
  options: PlayerOptions,
  offset: () => number,
  signal: AbortSignal,
): { output: OutputRouter; context: AudioContext | undefined } {
  const clock: PlayerClock = {
    now: () => room.clock.now() + offset(),
    get uncertainty() {
      return room.clock.uncertainty;
    },
  };
  const gainOf = options.levelLoudness === false ? () => 1 : loudnessGain;
  const loadElement = async () => {
    const { ElementOutput } = await import('./element-output.js');
    return new ElementOutput(clock, (url) => room.mediaUrl(url), gainOf);
  };
  const context = options.mode === 'media_element' ? undefined : (options.context ?? createContext());
  if (!context) return { output: new OutputRouter(undefined, loadElement), context };
  const lag = new DecoderLag(decodeFile);
  const decoder = new SliceDecoder(decodeFile, (codec) => lag.of(codec));
  const web = new WebAudioOutput({
    context,
    destination: options.destination ?? context.destination,
    clock,
    workerUrl: options.workerUrl,
    openTrack: async ({ stream_url: url }) =>
      openAudio(
        await RangedSource.open((range, stalled) =>
          room.fetch(url, { range, signal: eitherOf(signal, stalled) }),
        ),
      ),
    decode: (slices, slice) => decoder.samplesOf(slices, slice),
    gainOf,
    keepAlive: options.keepAlive ?? true,
    isHidden: () => document.hidden,
    onUnplayable: (track) => output.moveToElement(track),
  });
  const output = new OutputRouter(web, loadElement);
  return { output, context };
}

/** Aborted with the first of two; `AbortSignal.any` is newer than the browsers that are supported. */
function eitherOf(lasting: AbortSignal, other: AbortSignal): AbortSignal {
  const either = new AbortController();
  const abort = () => either.abort();
  if (lasting.aborted || other.aborted) abort();
  // The lasting one must not keep a listener of each request: the other one always ends.
  lasting.addEventListener('abort', abort, { signal: other });
  other.addEventListener('abort', abort, { once: true });
  return either.signal;
}

function createContext(): AudioContext | undefined {
  try {
    return new AudioContext({ latencyHint: 'playback' });
  } catch {
    return undefined;
  }
}
