import sharp from 'sharp';
import { type Cover, coverMimeType, coverSizes } from './cover-sizes.js';
import { serveRequests } from '../../processes/serve-requests.js';

/* Entry point of the process that re-encodes covers. */

/** A picture with more pixels is refused before it is decoded: decoding may take 8 bytes for each. */
const maxPixels = 4096 * 4096;
const timeoutSeconds = 8;
const quality = 82;
const loaders = ['Jpeg', 'Png', 'Webp', 'Nsgif', 'Heif'].map((format) => `VipsForeignLoad${format}`);

sharp.concurrency(1);
sharp.cache(false);
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({ operation: loaders });

/** Null if the picture cannot be decoded. */
async function render(picture: Uint8Array): Promise<Cover | null> {
  try {
    const fit = (size: number) =>
      ({ width: size, height: size, fit: 'inside', withoutEnlargement: true }) as const;
    // Decoded once, into at most 3 MB; transparency becomes white.
    const { data, info } = await sharp(picture, { limitInputPixels: maxPixels, failOn: 'error' })
      .timeout({ seconds: timeoutSeconds })
      .autoOrient()
      .flatten({ background: '#fff' })
      .resize(fit(coverSizes[0]))
      .toColourspace('srgb')
      .raw()
      .toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    const decoded = () => sharp(data, { raw: { width, height, channels } });
    const { dominant } = await decoded().stats();
    const hex = [dominant.r, dominant.g, dominant.b]
      .map((value) => value.toString(16).padStart(2, '0'))
      .join('');
    const images = {} as Cover['images'];
    for (const size of coverSizes) {
      images[size] = await decoded().resize(fit(size)).webp({ quality }).toBuffer();
    }
    return { mimeType: coverMimeType, color: `#${hex}`, images };
  } catch {
    return null;
  }
}

serveRequests(render, 15_000);
