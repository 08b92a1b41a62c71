import { Injectable } from '@nestjs/common';

/** The server's clock: the one time that everything here is measured by. */
@Injectable()
export class Clock {
  /** Unix time in seconds, milliseconds as fraction. */
  now(): number {
    return Date.now() / 1000;
  }
}
