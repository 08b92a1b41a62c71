import { RoomPlayer } from '../../../src/player/index.js';
import { DecoderLag } from '../../../src/player/media/decoder-lag.js';
import { decodeFile } from '../../../src/player/media/slice-decoder.js';
import { OutputLine } from '../../../src/player/playing/output-line.js';
import { fitLine, lineAt } from '../../../src/player/timing/line-fit.js';
import { compare, compareFrom } from './decoding.js';
import { Recorder } from './recorder.js';
import { TestRoom, trackOf } from './test-room.js';

const until = async (condition: () => boolean, what: string, timeoutMs = 15_000): Promise<void> => {
  const start = performance.now();
  while (!condition()) {
    if (performance.now() - start > timeoutMs) throw new Error(`timed out: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

/** Pairs of context time and the page time at which it is heard, read independently of the player. */
function watchOutput(context: AudioContext): () => (contextTime: number) => number {
  const points: { x: number; y: number }[] = [];
  const timer = setInterval(() => {
    const { contextTime, performanceTime } = context.getOutputTimestamp();
    if (contextTime! > 0) points.push({ x: contextTime!, y: performanceTime! / 1000 - contextTime! });
  }, 23);
  return () => {
    clearInterval(timer);
    const line = fitLine(points)!;
    return (contextTime) => contextTime + lineAt(line, contextTime);
  };
}

const rig = {
  DecoderLag,
  decodeFile,
  compare,
  compareFrom,
  OutputLine,
  RoomPlayer,
  TestRoom,
  Recorder,
  trackOf,
  until,
  watchOutput,
};
export type PageRig = typeof rig;
declare global {
  interface Window {
    rig: PageRig;
  }
}
window.rig = rig;
