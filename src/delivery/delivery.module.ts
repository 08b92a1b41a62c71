import { Global, Module } from '@nestjs/common';
import { DeliveryReportsService } from './reports/delivery-reports.service.js';
import { LateConfirmationsService } from './reports/late-confirmations.service.js';

/** Provides the delivery reports to the gateway, which makes them, and to the routes that show them. */
@Global()
@Module({
  providers: [DeliveryReportsService, LateConfirmationsService],
  exports: [DeliveryReportsService],
})
export class DeliveryModule {}
