import { closeSync, openSync, readSync, statSync, type Stats } from 'node:fs';
import type { SqliteFile } from './sqlite-file.js';

const checkEveryMs = 1000;
/** The first bytes of every SQLite database. */
const magic = 'SQLite format 3\0';

interface Log {
  error(fields: object, message: string): void;
}

/**
 * Detects that another process deleted, replaced or overwrote the files of the open SQLite database. Further writes
 * would go to a deleted file or add to the damage, so all writes are refused until the server restarts; reads are still
 * attempted. Owned by `Database`. Once damage is detected it stays until the restart.
 */
export class SqliteWatch {
  /**
   * Stays open as long as the database: closing any descriptor of the file would release the locks that SQLite holds
   * on it in this process (POSIX), so the file cannot be opened and closed for each check.
   */
  readonly #descriptor: number;
  readonly #main: Stats;
  /** Undefined until the first transaction creates it; from then on it exists as long as the database is open. */
  #wal: Stats | undefined;
  #damage: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #copying: Promise<void> | undefined;

  constructor(
    private readonly file: SqliteFile,
    private readonly log: Log,
  ) {
    this.#descriptor = openSync(file.path, 'r');
    this.#main = statSync(file.path);
    this.#timer = setInterval(() => this.check(), checkEveryMs).unref();
  }

  /** What happened to the files, for people; undefined while they are intact. */
  get damage(): string | undefined {
    return this.#damage;
  }

  /** Checks the files now: a few system calls, synchronous so that no write of ours can happen between them. */
  check(): void {
    if (this.#damage !== undefined) return;
    try {
      this.#checkMain();
      this.#checkWal();
    } catch (err) {
      this.log.error({ err }, 'the database files could not be checked; trying again');
    }
  }

  /** To be called when SQLite reports damaged pages. */
  onDamagedPages(): void {
    this.#stopWrites(
      `${this.file.path} is damaged`,
      'Stop the server, keep a copy of the file, restore a backup of the database, and start again.',
    );
  }

  /** To be called before the database is closed. */
  async end(): Promise<void> {
    clearInterval(this.#timer);
    await this.#copying;
  }

  /** To be called after the database is closed. */
  release(): void {
    closeSync(this.#descriptor);
  }

  #checkMain(): void {
    const { path } = this.file;
    const now = statSync(path, { throwIfNoEntry: false });
    if (!now || !isSame(now, this.#main)) {
      this.#stopWrites(
        now ? `${path} was replaced` : `${path} was deleted`,
        'Stop the server, put the copy that is now being made, if it succeeds, or a backup in its place, and start again.',
      );
      if (this.#damage !== undefined) this.#copying = this.#copy();
      return;
    }
    const head = Buffer.alloc(magic.length);
    readSync(this.#descriptor, head, 0, head.length, 0);
    if (head.toString('latin1') !== magic) this.onDamagedPages();
  }

  #checkWal(): void {
    if (this.#damage !== undefined) return;
    const path = `${this.file.path}-wal`;
    const now = statSync(path, { throwIfNoEntry: false });
    if (!this.#wal) {
      this.#wal = now;
      return;
    }
    if (now && isSame(now, this.#wal)) return;
    // This process still has the deleted log open: save its content to the main file. Later writes would be lost.
    this.file.checkpoint();
    this.#stopWrites(
      `${path} was ${now ? 'replaced' : 'deleted'}`,
      'Everything committed is now in the main file. Restart the server.',
    );
  }

  #stopWrites(reason: string, advice: string): void {
    if (this.#damage !== undefined) return;
    this.#damage = reason;
    this.file.refuseWrites();
    this.log.error(
      {},
      `${reason} while the server runs. All writes are refused from now on, and no file is deleted. ${advice}`,
    );
  }

  /** Copies the database to a new file. The content of a deleted file is readable as long as it is open here. */
  async #copy(): Promise<void> {
    const path = `${this.file.path}.rescued-${new Date().toISOString().replace(/[-:]|\.\d+/g, '')}`;
    try {
      await this.file.copyTo(path);
      this.log.error({}, `a copy of the database was saved as ${path}`);
    } catch (err) {
      this.log.error({ err }, `the copy of the database could not be saved as ${path}`);
    }
  }
}

const isSame = (a: Stats, b: Stats): boolean => a.ino === b.ino && a.dev === b.dev;
