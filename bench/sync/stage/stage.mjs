import { connect, guest } from '@roomcast/client';
import { noise } from '../signal/noise.mjs';
import { wavFile } from '../signal/wav.mjs';
import { Heard } from '../analysis/heard.mjs';
import { corrections } from '../report/corrections.mjs';
import { Timeline } from '../analysis/timeline.mjs';
import { Listener, machineNow } from './listener.mjs';

/** The rate of the tracks and of the listeners' outputs. */
const rate = 48_000;
/** Until everything is heard that has been played. */
const outputSeconds = 0.5;

/**
 * A room with tracks of noise and the listeners in it. Owned by a scenario. The room's administrator is this process: a
 * client without a player.
 */
export class Stage {
  /** What the room has played. */
  timeline = new Timeline();
  #sources = new Map();
  #listeners = [];
  #count = 0;

  /**
   * @param rig what all scenarios share: `{ serverPort, pages, seed }`
   * @param tracks seconds of each track
   */
  static async open(rig, tracks) {
    const url = `http://127.0.0.1:${rig.serverPort}`;
    const { token } = await guest(url, 'administrator');
    const roomcast = connect(url, { token });
    const { id } = await roomcast.createRoom({ name: 'In step' });
    const room = await roomcast.join(id);
    const stage = new Stage(rig, roomcast, room);
    for (const [index, seconds] of tracks.entries()) {
      await stage.#upload(index, seconds);
      // The first track begins by itself; nobody listens yet.
      if (index === 0) await room.stop();
    }
    return stage;
  }

  constructor(rig, roomcast, room) {
    this.rig = rig;
    this.roomcast = roomcast;
    this.room = room;
    room.playback.subscribe(() => this.timeline.add(room.playback.current, nowSeconds()));
  }

  /** Opens browsers that do not listen yet. @param options of each, as for `Listener.open` */
  async addListeners(...options) {
    const opened = await Promise.all(
      options.map((each) => {
        this.#count += 1;
        const { seed } = this.rig;
        const name = `listener-${this.#count}`;
        return Listener.open(this.rig, {
          name,
          roomId: this.room.id,
          seed: seed * 100 + this.#count,
          ...each,
        });
      }),
    );
    this.#listeners.push(...opened);
    return opened;
  }

  /** Listeners join and the first track begins. @returns the time at which it does */
  async begin(listeners) {
    for (const listener of listeners) await listener.join();
    for (const listener of listeners) await listener.ready();
    const { playback } = await this.room.play();
    return playback.started_at + playback.position;
  }

  /** Waits until a time has come, and has been heard. */
  async until(time) {
    await seconds(time + outputSeconds - nowSeconds());
  }

  /** Ends a listener. @returns what it heard */
  async end(listener) {
    this.#listeners = this.#listeners.filter((other) => other !== listener);
    const recording = await listener.finish();
    if (this.rig.log) process.stderr.write(`${corrections(recording, this.timeline.segments[0].begins)}\n`);
    return new Heard(recording, this.#sources, this.timeline);
  }

  /** Ends everything. @returns what each listener heard that was not ended before */
  async finish() {
    // One after the other, so that none is disturbed by more than its own end.
    const listeners = [...this.#listeners];
    const heard = [];
    for (const listener of listeners) heard.push(await this.end(listener));
    await this.room.deleteRoom();
    this.roomcast.close();
    return heard;
  }

  /** After an error. */
  async abandon() {
    this.roomcast.close();
    await Promise.allSettled(this.#listeners.map((listener) => listener.close()));
  }

  async #upload(index, seconds) {
    const samples = noise(this.rig.seed * 1000 + index, seconds, rate);
    const file = new Blob([wavFile(samples, rate)]);
    const track = await this.room.upload(file, { name: `noise ${index + 1}.wav` }).done;
    this.#sources.set(track.id, samples);
  }
}

/** The machine's clock in seconds. */
export const nowSeconds = () => machineNow() / 1000;

export const seconds = (count) => new Promise((resolve) => setTimeout(resolve, 1000 * count));
