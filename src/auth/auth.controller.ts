import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { rest } from '../contract/index.js';
import { Answers, Refuses } from '../errors/documented.js';
import { RequestCost } from '../limits/request-cost.decorator.js';
import { CredentialsDto, GuestDto, LoginDto } from './auth.dto.js';
import { AuthService } from './auth.service.js';
import { type Caller, CurrentCaller, OptionalCaller, OptionalToken, Public, SentToken } from './caller.js';
import { ClientAddress } from './client-address.js';
import { ClientGone } from './client-gone.js';

/** Routes under `/api/auth`. */
@ApiTags('auth')
@Controller('auth')
export class AuthController {
  constructor(private readonly auth: AuthService) {}

  @ApiOperation({ summary: 'Sign in as a guest' })
  @Answers(201, rest.SignedIn, 'Signed in.')
  @Refuses('malformed', 'invalid_field', 'rate_limited')
  @Public()
  @Post('guest')
  guest(@Body() { username }: GuestDto, @ClientAddress() address: string) {
    return this.auth.guest(username, address);
  }

  @ApiOperation({
    summary: 'Register',
    description:
      "With a guest's token, the guest becomes a registered user and keeps rooms and votes. The guest's tokens are revoked and their sockets closed.",
  })
  @ApiBearerAuth()
  @Answers(201, rest.SignedIn, 'Registered and signed in.')
  @Refuses(
    'malformed',
    'unauthorized',
    'username_taken',
    'already_registered',
    'invalid_field',
    'rate_limited',
    'unavailable',
  )
  @OptionalToken()
  @RequestCost(3)
  @Post('register')
  register(
    @Body() credentials: CredentialsDto,
    @ClientAddress() address: string,
    @OptionalCaller() caller?: Caller,
  ) {
    return this.auth.register(credentials, address, caller);
  }

  @ApiOperation({
    summary: 'Sign in',
    description:
      'After several wrong passwords the answer to a wrong one is delayed by up to 12 seconds. A client that has a token of an earlier sign-in to the account may send it, valid or not: then the attempts of others behind its address do not count for it.',
  })
  @ApiBearerAuth()
  @Answers(200, rest.SignedIn, 'Signed in.')
  @Refuses('malformed', 'invalid_credentials', 'banned', 'invalid_field', 'rate_limited', 'unavailable')
  @Public()
  @HttpCode(200)
  @RequestCost(3)
  @Post('login')
  login(
    @Body() credentials: LoginDto,
    @ClientAddress() address: string,
    @SentToken() token: string,
    @ClientGone() gone: AbortSignal,
  ) {
    return this.auth.login(credentials, { address, token, gone });
  }

  @ApiOperation({ summary: 'The user of the token' })
  @ApiBearerAuth()
  @Answers(200, rest.Me)
  @Refuses('unauthorized')
  @Get('me')
  me(@CurrentCaller() { user, expiresAt }: Caller) {
    return { user, expires_at: expiresAt };
  }

  @ApiOperation({
    summary: 'Get a new token with a later expiry',
    description: 'Both tokens belong to the same session and end with it.',
  })
  @ApiBearerAuth()
  @Answers(200, rest.SignedIn)
  @Refuses('unauthorized')
  @HttpCode(200)
  @Post('refresh')
  refresh(@CurrentCaller() caller: Caller) {
    return this.auth.refresh(caller);
  }

  @ApiOperation({
    summary: 'Sign out',
    description: 'Revokes all tokens of the session and closes its sockets.',
  })
  @ApiBearerAuth()
  @Answers(200, rest.Done)
  @Refuses('unauthorized')
  @HttpCode(200)
  @Post('logout')
  async logout(@CurrentCaller() caller: Caller) {
    await this.auth.logout(caller);
    return { ok: true };
  }

  @ApiOperation({
    summary: 'Get a token for media elements',
    description: 'Valid for an hour, and only for reading streams, covers and metadata.',
  })
  @ApiBearerAuth()
  @Answers(201, rest.MediaTokenAnswer)
  @Refuses('unauthorized')
  @Post('media-token')
  mediaToken(@CurrentCaller() caller: Caller) {
    const { token, expires_at } = this.auth.mediaToken(caller);
    return { media_token: token, expires_at };
  }
}
