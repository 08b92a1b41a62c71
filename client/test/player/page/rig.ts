import { RoomPlayer } from '../../../src/player/index.js';
import { DecoderLag } from '../../../src/player/media/decoder-lag.js';
import { decodeFile } from '../../../src/player/media/slice-decoder.js';
import { OutputLine } from '../../../src/player/playing/output-line.js';
import { longFile } from '../long-file.js';
import { compare, compareFrom } from './decoding.js';
import { delayOfContent, openStage, playContent, until, watchOutput } from './playing.js';
import { Recorder } from './recorder.js';
import { TestRoom, trackOf } from './test-room.js';
import { Watch } from './watch.js';

const rig = {
  DecoderLag,
  decodeFile,
  compare,
  compareFrom,
  delayOfContent,
  longFile,
  openStage,
  OutputLine,
  playContent,
  RoomPlayer,
  TestRoom,
  Recorder,
  trackOf,
  until,
  Watch,
  watchOutput,
};
export type PageRig = typeof rig;
declare global {
  interface Window {
    rig: PageRig;
  }
}
window.rig = rig;

/** A page that was opened as `?alone=blocked` plays by itself, and writes each status to the console. */
if (location.search.includes('alone=blocked')) {
  const room = new TestRoom();
  const player = new RoomPlayer(room, {});
  const say = () => {
    const { is, reason } = player.status.current;
    console.info(`${is} ${reason}, reported ${room.reports.at(-1)?.status}`);
  };
  setInterval(say, 100);
  room.play(trackOf('content.wav', 12), 0, 0.3);
  document.addEventListener('click', () => void player.unlock());
}
