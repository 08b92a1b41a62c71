import { Inject, Injectable } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { Clock } from '../config/clock.js';
import { SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import type { DeliveryLimits } from '../delivery/confirmations/delivery.js';
import { DeliveryReportsService } from '../delivery/reports/delivery-reports.service.js';
import { EventLog } from '../events/event-log.js';
import { Statistics } from '../metrics/statistics.js';
import type { Connection } from '../delivery/connection.js';
import type { FanOutContext } from './fan-out.js';

/** What the feeds of all rooms share. */
@Injectable()
export class FeedContext implements FanOutContext {
  readonly limits: DeliveryLimits;

  constructor(
    readonly eventLog: EventLog,
    readonly statistics: Statistics,
    readonly reports: DeliveryReportsService,
    private readonly clock: Clock,
    @Inject(SETTINGS) { confirmationTimeoutMs, confirmationAttempts }: Settings,
    @InjectPinoLogger(FeedContext.name) readonly log: PinoLogger,
  ) {
    this.limits = { timeout: confirmationTimeoutMs / 1000, attempts: confirmationAttempts };
  }

  /** Unix seconds. */
  now(): number {
    return this.clock.now();
  }

  onSlow({ id, user }: Connection, room_id: string | null): void {
    this.log.warn(
      { room_id, user_id: user.id, connection_id: id },
      'a connection was closed: it does not keep up',
    );
  }
}
