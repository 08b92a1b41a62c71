import { fixture } from './audio.js';
import { join, noise, text, times, uint8 } from './hostile/bytes.js';
import { mp4Files, mpegFiles, wavFiles } from './hostile/chunk-files.js';
import { any, audio, type HostileFile, refused, unreadable, unsupported } from './hostile/hostile-file.js';
import { apeFiles, id3Files } from './hostile/id3-files.js';
import { commentFiles, flacFiles, oggFiles } from './hostile/vorbis-files.js';

export type { HostileFile, Outcome } from './hostile/hostile-file.js';

const fixtures = [
  'tagged.mp3',
  'plain.aac',
  'tagged.m4a',
  'tagged.wav',
  'tagged.flac',
  'tagged.ogg',
  'tagged.opus',
];

/** Corruptions that apply to a file of any format. */
function* corruptFiles(): Generator<HostileFile> {
  for (const name of fixtures) {
    const whole = fixture(name);
    const file = (what: string, pieces: HostileFile['pieces'], expected = any): HostileFile => ({
      name: `${name}: ${what}`,
      pieces,
      expected,
    });
    yield file('unchanged', [whole], audio);
    for (const share of [0.1, 0.25, 0.5, 0.75, 0.99]) {
      // Truncated between two ADTS frames, the file is valid.
      yield file(
        `truncated at ${share}`,
        [whole.subarray(0, whole.length * share)],
        name === 'plain.aac' ? any : refused,
      );
    }
    yield file('the first 4 bytes', [whole.subarray(0, 4)], refused);
    yield file('the first 16 bytes, then noise', [whole.subarray(0, 16), noise(2 ** 20)]);
    yield file('the first 16 bytes, then zeros', join(whole.subarray(0, 16), times(2 ** 20, uint8(0))));
    yield file('the first 200 bytes, then 0xff', join(whole.subarray(0, 200), times(2 ** 20, uint8(0xff))));
    yield file('the middle is noise', [whole.subarray(0, 300), noise(whole.length - 300)]);
    yield file('twice', [whole, whole]);
    yield file('followed by an archive', [
      whole,
      text('PK\x03\x04'),
      noise(2000),
      text('PK\x05\x06'),
      Buffer.alloc(18),
    ]);
    yield file('followed by another file', [whole, fixture('tagged.wav')]);
    yield file('preceded by another file', [fixture('cover.png'), whole], unsupported);
    yield file('preceded by noise', [noise(1000, 7), whole], refused);
  }
  yield { name: 'an empty file', pieces: [Buffer.alloc(0)], expected: unreadable };
  yield { name: 'one byte', pieces: [uint8(0xff)], expected: unsupported };
  yield { name: '50 MB of zeros', pieces: times(49 * 2 ** 20, uint8(0)), expected: unsupported };
  for (let seed = 1; seed <= 5; seed += 1) {
    yield { name: `noise ${seed}`, pieces: [noise(100_000, seed)], expected: refused };
  }
}

/** Files made to block or crash the server: of every container, from an empty file to the maximum upload size. */
export function* hostileAudio(): Generator<HostileFile> {
  yield* id3Files();
  yield* apeFiles();
  yield* commentFiles();
  yield* flacFiles();
  yield* oggFiles();
  yield* mp4Files();
  yield* wavFiles();
  yield* mpegFiles();
  yield* corruptFiles();
}
