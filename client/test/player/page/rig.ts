import { RoomPlayer } from '../../../src/player/index.js';
import { DecoderLag } from '../../../src/player/media/decoder-lag.js';
import { decodeFile } from '../../../src/player/media/slice-decoder.js';
import { OutputLine } from '../../../src/player/playing/output-line.js';
import { compare, compareFrom } from './decoding.js';
import { delayOfContent, openStage, playContent, until, watchOutput } from './playing.js';
import { Recorder } from './recorder.js';
import { TestRoom, trackOf } from './test-room.js';

const rig = {
  DecoderLag,
  decodeFile,
  compare,
  compareFrom,
  delayOfContent,
  openStage,
  OutputLine,
  playContent,
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
