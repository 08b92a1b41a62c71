import { buffer } from 'node:stream/consumers';
import sharp from 'sharp';
import { becomeLimited } from './become-limited.js';
import { type CoverHeader, coverSizes, undecodableExitCode } from './cover-sizes.js';

/*
 * Entry point of the process that re-encodes one cover: the picture comes on standard input, the result goes to standard
 * output.
 */

/** A picture with more pixels is refused before it is decoded: decoding may take 8 bytes for each. */
const maxPixels = 4096 * 4096;
const timeoutSeconds = 8;
const quality = 82;
const loaders = ['Jpeg', 'Png', 'Webp', 'Nsgif', 'Heif'].map((format) => `VipsForeignLoad${format}`);

becomeLimited(15_000);
sharp.concurrency(1);
sharp.cache(false);
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({ operation: loaders });

const picture = await buffer(process.stdin);
try {
  const [largest, ...others] = coverSizes;
  const fit = (size: number) =>
    ({ width: size, height: size, fit: 'inside', withoutEnlargement: true }) as const;
  // Decoded once, into at most 3 MB; transparency becomes white.
  const { data, info } = await sharp(picture, { limitInputPixels: maxPixels, failOn: 'error' })
    .timeout({ seconds: timeoutSeconds })
    .autoOrient()
    .flatten({ background: '#fff' })
    .resize(fit(largest))
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const decoded = () => sharp(data, { raw: { width, height, channels } });
  const images = [await decoded().webp({ quality }).toBuffer()];
  for (const size of others) images.push(await decoded().resize(fit(size)).webp({ quality }).toBuffer());
  const { dominant } = await decoded().stats();
  const hex = [dominant.r, dominant.g, dominant.b]
    .map((value) => value.toString(16).padStart(2, '0'))
    .join('');
  const header: CoverHeader = { color: `#${hex}`, lengths: images.map(({ length }) => length) };
  const head = Buffer.from(JSON.stringify(header));
  const headLength = Buffer.alloc(4);
  headLength.writeUInt32BE(head.length);
  process.stdout.write(Buffer.concat([headLength, head, ...images]));
} catch {
  process.exitCode = undecodableExitCode;
}
