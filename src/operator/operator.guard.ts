import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import { OperatorAccess } from '../auth/operator-access.js';
import { ClientAddresses } from '../config/client-addresses.js';

/** Guard of the operator's routes: they exist only if the server has an `ADMIN_TOKEN`, for whoever sends it. */
@Injectable()
export class OperatorGuard implements CanActivate {
  constructor(
    private readonly access: OperatorAccess,
    private readonly addresses: ClientAddresses,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    const request = http.getRequest<Request>();
    const gone = new AbortController();
    http.getResponse<Response>().once('close', () => gone.abort());
    const token = /^Bearer +([^\s]+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
    await this.access.require(token, this.addresses.key(request), gone.signal);
    return true;
  }
}
