import type { PlayerOptions } from '../../../src/player/index.js';
import { RoomPlayer } from '../../../src/player/index.js';
import { fitLine, lineAt } from '../../../src/player/timing/line-fit.js';
import { contentChannels } from '../content.js';
import { lagOf } from './decoding.js';
import { Recorder, type Recording } from './recorder.js';
import { TestRoom } from './test-room.js';

/** Waits for a condition. */
export async function until(condition: () => boolean, what: string, timeoutMs = 15_000): Promise<void> {
  const start = performance.now();
  while (!condition()) {
    if (performance.now() - start > timeoutMs) throw new Error(`timed out: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Reads the output's time stamps independently of the player; returns what tells when a context time is heard. */
export function watchOutput(context: AudioContext): () => (contextTime: number) => number {
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

/** A player on an output that is recorded. */
export interface Stage {
  context: AudioContext;
  room: TestRoom;
  player: RoomPlayer;
  /** Waits until the player is at a position, in seconds. */
  reach(position: number): Promise<void>;
  /** Ends the recording, and closes player and context. */
  finish(): Promise<{ recording: Recording; heardAt: (contextTime: number) => number }>;
}

export async function openStage(options: PlayerOptions = {}): Promise<Stage> {
  const context = new AudioContext({ latencyHint: 'playback' });
  const recorder = await Recorder.start(context);
  const stop = watchOutput(context);
  const room = new TestRoom();
  const player = new RoomPlayer(room, { context, destination: recorder.input, keepAlive: false, ...options });
  return {
    context,
    room,
    player,
    reach: (position) =>
      until(
        () => (player.heard?.position ?? 0) >= position,
        `position ${position}`,
        20_000 + position * 1000,
      ),
    async finish() {
      const recording = recorder.stop();
      const heardAt = stop();
      player.close();
      await context.close();
      return { recording, heardAt };
    },
  };
}

/** The frame of the context that is heard at a page time, by an independent reading of the output's clock. */
export function frameAt(heardAt: (contextTime: number) => number, pageTime: number, rate: number): number {
  const contextTime = pageTime - (heardAt(0) - 0);
  return (contextTime + (pageTime - heardAt(contextTime))) * rate;
}

/**
 * By how many seconds the recorded test content is later than the room has it.
 * @param startedAt room time of position 0
 * @param position seconds into the content from where on it is compared
 */
export function delayOfContent(
  { firstFrame, left }: Recording,
  heardAt: (contextTime: number) => number,
  room: TestRoom,
  startedAt: number,
  rate: number,
  position = 0.5,
): number {
  const pageTime = (startedAt + position - room.shift) / (1 + room.rate);
  const exact = frameAt(heardAt, pageTime, rate) - firstFrame;
  const from = Math.round(exact);
  const content = contentChannels(position + 1.5, rate)[0].subarray(Math.round(position * rate));
  const most = Math.round(0.02 * rate);
  return (lagOf(content, left.subarray(from), most) + from - exact) / rate;
}

/** Plays a file with the test content, and tells by how many seconds it is heard later than the room has it. */
export async function playContent(
  file: string,
  options: PlayerOptions = {},
): Promise<{ delay: number; status: string; longTasks: number }> {
  let longTasks = 0;
  const observer = new PerformanceObserver((list) => {
    longTasks += list.getEntries().length;
  });
  observer.observe({ entryTypes: ['longtask'] });
  const stage = await openStage(options);
  const { room, player, context } = stage;
  room.play({ id: file, duration: 5, mime_type: '', stream_url: `/${file}` }, 0, 1);
  await stage.reach(1.9);
  const { recording, heardAt } = await stage.finish();
  observer.disconnect();
  const startedAt = room.playback.current!.started_at!;
  const delay = delayOfContent(recording, heardAt, room, startedAt, context.sampleRate);
  return { delay, status: player.status.current.reason, longTasks };
}
