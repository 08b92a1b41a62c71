import type { PlayerOptions } from '../../../src/player/index.js';
import { RoomPlayer } from '../../../src/player/index.js';
import { TestRoom } from './test-room.js';

const intervalMs = 50;
/** Longer than any pause in the test content. */
const silenceSeconds = 0.6;
/** Between a sample's coming to the output's end and its being heard, and some time for the player to notice. */
const toleranceSeconds = 0.6;

/** A player whose status is compared with what comes out of it. */
export class Watch {
  readonly context = new AudioContext({ latencyHint: 'playback' });
  readonly room = new TestRoom();
  readonly player: RoomPlayer;
  /** Each status in order, without repetitions. */
  readonly statuses: string[] = [];
  /** Positions at which the player claims to be heard, but nothing was to be heard for a while. */
  readonly unexplained: number[] = [];
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(options: PlayerOptions = {}) {
    const { context } = this;
    const analyser = context.createAnalyser();
    analyser.fftSize = 2 ** Math.ceil(Math.log2(silenceSeconds * context.sampleRate));
    analyser.connect(context.destination);
    this.player = new RoomPlayer(this.room, {
      context,
      destination: analyser,
      keepAlive: false,
      ...options,
    });
    const samples = new Float32Array(analyser.fftSize);
    const bySamples = analyser.fftSize / context.sampleRate + toleranceSeconds;
    let claimedSince = Infinity;
    const look = () => {
      const { is, reason } = this.player.status.current;
      const status = `${is} ${reason}`;
      if (this.statuses.at(-1) !== status) this.statuses.push(status);
      // A media element is not a part of the graph.
      const claims = (is === 'in_step' && reason === 'web_audio') || is === 'correcting';
      claimedSince = claims ? Math.min(claimedSince, context.currentTime) : Infinity;
      analyser.getFloatTimeDomainData(samples);
      const isSilent = samples.every((sample) => sample === 0);
      if (isSilent && context.currentTime - claimedSince > bySamples) {
        this.unexplained.push(this.player.heard?.position ?? NaN);
      }
    };
    this.#timer = setInterval(look, intervalMs);
  }

  /** Ends everything. @returns what was seen, to be told outside of the page */
  async end(): Promise<{ statuses: string[]; unexplained: number[] }> {
    clearInterval(this.#timer);
    this.player.close();
    await this.context.close();
    return { statuses: this.statuses, unexplained: this.unexplained };
  }
}
