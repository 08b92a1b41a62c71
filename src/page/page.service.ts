import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { type Encoding, type PageFile, type PageFiles, readPageFiles } from './page-files.js';
import { filePolicy, pageHeaders, pagePolicy } from './page-policy.js';

export const PAGE_FOLDER = Symbol('PAGE_FOLDER');

/** Stands in the built `index.html` wherever the nonce of the answer belongs (web/vite.config.ts). */
const noncePlaceholder = '__CSP_NONCE__';
const nonceBytes = 16;

/** Never answered with the page. */
const otherPaths = /^\/(api|socket\.io|health|metrics)(\/|$)/i;
/** Files, hidden files included. The page's own paths have no dots. */
const filePath = /^\/assets(\/|$)|\./;

const notBuilt =
  'The page has not been built: run `npm run build` and start the server again.\nThe API is documented at /api/docs.\n';

/** Answers requests for the page and its files from memory; leaves every other request to the next handler. */
@Injectable()
export class PageService implements OnModuleInit {
  /** `index.html`, split at the nonces. */
  #html: string[] | undefined;
  #files: PageFiles['files'] = new Map();

  constructor(
    @Inject(PAGE_FOLDER) private readonly folder: URL,
    @InjectPinoLogger(PageService.name) private readonly log: PinoLogger,
  ) {}

  async onModuleInit(): Promise<void> {
    const page = await readPageFiles(this.folder);
    if (page) {
      this.#html = page.html.split(noncePlaceholder);
      this.#files = page.files;
    } else {
      this.log.warn(`no page in ${fileURLToPath(this.folder)}: run \`npm run build\``);
    }
  }

  /** Express middleware. */
  readonly handle = (request: Request, response: Response, next: NextFunction): void => {
    const { method, path } = request;
    if ((method !== 'GET' && method !== 'HEAD') || otherPaths.test(path)) return next();
    const file = this.#files.get(path);
    if (file) sendFile(file, request, response);
    else if (wantsPage(request)) this.#sendPage(response);
    else next();
  };

  #sendPage(response: Response): void {
    if (!this.#html) {
      response.setHeader('Cache-Control', 'no-store');
      response.status(503).type('text/plain').send(notBuilt);
      return;
    }
    const nonce = randomBytes(nonceBytes).toString('base64');
    response.set(pageHeaders);
    response.setHeader('Content-Security-Policy', pagePolicy(nonce));
    response.type('html').send(this.#html.join(nonce));
  }
}

/**
 * Whether a request is for the page. Its paths are known to the page alone, so each path may be one of them. Clients
 * that accept anything, as scripts do, get the page only at `/`.
 */
function wantsPage(request: Request): boolean {
  if (request.path === '/' || request.path === '/index.html') return request.accepts('html') !== false;
  return !filePath.test(request.path) && request.accepts(['json', 'html']) === 'html';
}

function sendFile(file: PageFile, request: Request, response: Response): void {
  response.set({
    'Content-Type': file.type,
    'Cache-Control': file.cacheControl,
    'Content-Security-Policy': filePolicy,
    ETag: file.etag,
  });
  let { bytes } = file;
  if (file.compressed.br ?? file.compressed.gzip) response.vary('Accept-Encoding');
  const encoding = encodingFor(file, request);
  if (encoding) {
    response.setHeader('Content-Encoding', encoding);
    bytes = file.compressed[encoding]!;
  }
  if (request.fresh) {
    response.status(304).end();
    return;
  }
  response.setHeader('Content-Length', bytes.length);
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

/** The smaller one first, whatever order the client gives. */
const encodingFor = ({ compressed }: PageFile, request: Request): Encoding | undefined =>
  (['br', 'gzip'] as const).find(
    (encoding) => compressed[encoding] && request.acceptsEncodings(encoding) !== false,
  );
