import { closeSync, openSync, readSync, statSync, type Stats } from 'node:fs';
import type { SqliteFile } from './sqlite-file.js';

const intervalMs = 1000;
/** What every SQLite database begins with. */
const magic = 'SQLite format 3\0';

interface Log {
  error(fields: object, message: string): void;
}

/**
 * Notices that the files of the open SQLite database were deleted, replaced or overwritten by someone else. What is
 * written then goes to a file that nobody finds again, or makes the damage worse, so all writes are refused until the
 * server is started again; reads go on as far as they can. Owned by `Database`. Once lost, it stays lost.
 */
export class SqliteWatch {
  /**
   * Open for as long as the database is: closing any descriptor of the file would drop the locks that SQLite holds on
   * it in this process (POSIX), which is why it is not opened for each look.
   */
  readonly #descriptor: number;
  readonly #main: Stats;
  /** Made with the first transaction, and then there for as long as the database is open. */
  #wal: Stats | undefined;
  #lost: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #copying: Promise<void> | undefined;

  constructor(
    private readonly file: SqliteFile,
    private readonly log: Log,
  ) {
    this.#descriptor = openSync(file.path, 'r');
    this.#main = statSync(file.path);
    this.#timer = setInterval(() => this.check(), intervalMs).unref();
  }

  /** What is wrong with the files, in words; undefined while nothing is. */
  get lost(): string | undefined {
    return this.#lost;
  }

  /** Looks at the files now. A few system calls, synchronous so that no write of ours falls between them. */
  check(): void {
    if (this.#lost !== undefined) return;
    try {
      this.#checkMain();
      this.#checkWal();
    } catch (err) {
      this.log.error({ err }, 'the files of the database could not be looked at; trying again');
    }
  }

  /** SQLite has found its pages damaged. */
  damaged(): void {
    this.#lose(
      `${this.file.path} is damaged`,
      'Stop the server, keep a copy of the file, restore a backup of the database, and start again.',
    );
  }

  /** Before the database is closed. */
  async end(): Promise<void> {
    clearInterval(this.#timer);
    await this.#copying;
  }

  /** After the database is closed. */
  release(): void {
    closeSync(this.#descriptor);
  }

  #checkMain(): void {
    const { path } = this.file;
    const now = statSync(path, { throwIfNoEntry: false });
    if (!now || !isSame(now, this.#main)) {
      this.#lose(
        now ? `${path} was replaced` : `${path} was deleted`,
        'Stop the server, put the database in its place (the copy made now, if it succeeds, or a backup), and start again.',
      );
      if (this.#lost !== undefined) this.#copying = this.#copy();
      return;
    }
    const head = Buffer.alloc(magic.length);
    readSync(this.#descriptor, head, 0, head.length, 0);
    if (head.toString('latin1') !== magic) this.damaged();
  }

  #checkWal(): void {
    if (this.#lost !== undefined) return;
    const path = `${this.file.path}-wal`;
    const now = statSync(path, { throwIfNoEntry: false });
    if (!this.#wal) {
      this.#wal = now;
      return;
    }
    if (now && isSame(now, this.#wal)) return;
    // It is open here still: what it holds can be saved, what would be written to it later can not.
    this.file.checkpoint();
    this.#lose(
      `${path} was ${now ? 'replaced' : 'deleted'}`,
      'What was committed is in the main file now. Start the server again.',
    );
  }

  #lose(reason: string, advice: string): void {
    if (this.#lost !== undefined) return;
    this.#lost = reason;
    this.file.refuseWrites();
    this.log.error(
      {},
      `${reason} while the server runs. Nothing is written any more, no file is deleted. ${advice}`,
    );
  }

  /** The deleted file is there for as long as it is open here. */
  async #copy(): Promise<void> {
    const path = `${this.file.path}.rescued-${new Date().toISOString().replace(/[-:]|\.\d+/g, '')}`;
    try {
      await this.file.copyTo(path);
      this.log.error({}, `What was in the database is kept as ${path}`);
    } catch (err) {
      this.log.error({ err }, `what was in the database could not be kept as ${path}`);
    }
  }
}

const isSame = (a: Stats, b: Stats): boolean => a.ino === b.ino && a.dev === b.dev;
