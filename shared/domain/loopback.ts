/** Whether the host of an address is this machine. Parsing has normalised `0x7f.1` and the like to four numbers. */
export function isLoopback(hostname: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}
