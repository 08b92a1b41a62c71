/* global window, document, AudioContext */
import { connect, guest } from '@roomcast/client';
import { createPlayer } from '@roomcast/client/player';
import { Recorder } from './recorder.mjs';

/** One rate for all listeners, which is also that of the tracks. */
const sampleRate = 48_000;

let listener;

/** What the rig calls in the page. */
window.rig = {
  /** Joins a room, with a player whose output is recorded. It plays after a click on the button. */
  async open({ url, name, roomId }) {
    const { token } = await guest(url, name);
    const roomcast = connect(url, { token });
    const room = await roomcast.join(roomId);
    const context = new AudioContext({ latencyHint: 'playback', sampleRate });
    const recorder = await Recorder.start(context);
    const player = createPlayer(room, roomcast.media, { context, destination: recorder.input });
    recorder.note((contextTime) => ({
      ...player.heardAt(contextTime),
      status: player.status.current,
      clockOffset: room.clock.offset,
    }));
    document.querySelector('button').onclick = () => void player.unlock();
    listener = { roomcast, room, player, recorder };
  },

  /** What the player says of itself. Undefined numbers cannot be told by JSON: NaN is null. */
  state() {
    const { player, room } = listener;
    return {
      status: player.status.current,
      error: player.heard?.error ?? null,
      uncertainty: room.clock.uncertainty,
      roundTrip: room.clock.roundTrip,
    };
  },

  setOffset(seconds) {
    listener.player.offset = seconds;
  },

  /** Whether everything is there to begin to play in step. */
  isReady() {
    const { room, recorder } = listener;
    return Number.isFinite(room.clock.uncertainty) && recorder.context.state === 'running';
  },

  async finish(url) {
    const recording = await listener.recorder.send(url);
    listener.player.close();
    listener.roomcast.close();
    return recording;
  },
};
