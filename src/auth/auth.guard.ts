import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { Problem } from '../errors/problem.js';
import { AuthService } from './auth.service.js';
import { ACCESS, type Access, type AuthenticatedRequest } from './caller.js';

/** Global guard: every REST route requires a token unless `Public`, `OptionalToken` or `MediaToken` says otherwise. */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly auth: AuthService,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    // Nest runs global guards for socket messages too; those are authenticated when the socket connects.
    if (context.getType() !== 'http') return true;
    const access =
      this.reflector.getAllAndOverride<Access | undefined>(ACCESS, [
        context.getHandler(),
        context.getClass(),
      ]) ?? 'token';
    if (access === 'public') return true;

    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    const header = request.headers.authorization;
    const bearer = header === undefined ? undefined : /^Bearer +([^\s]+)$/i.exec(header)?.[1];
    if (header !== undefined && bearer === undefined) {
      throw new Problem('unauthorized', 'The Authorization header must read "Bearer <token>".');
    }
    const media = access === 'media' ? request.query['media_token'] : undefined;
    if (bearer !== undefined) {
      request.caller = await this.auth.authenticate(bearer);
    } else if (typeof media === 'string') {
      request.caller = await this.auth.authenticateMedia(media);
    } else if (access !== 'optional') {
      throw new Problem(
        'unauthorized',
        'This needs a token: sign in, then send it as "Authorization: Bearer <token>".',
      );
    }
    return true;
  }
}
