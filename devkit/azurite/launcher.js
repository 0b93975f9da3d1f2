"use strict";
/*
 * Starts Azurite's blob service with storage accounts that may come and go while it runs.
 *
 * Azurite reads its accounts from AZURITE_ACCOUNTS, an environment variable, which nobody can change in a running
 * process from outside. A local Azure creates storage accounts at any time, and whoever created one uses it at once, so
 * Azurite's own refresh (once a minute) would be too late even if it had something new to read. This launcher lets each
 * look-up of an account read a file instead, in the same format: "name:base64key;name:base64key".
 *
 * It also lets an Azurite that keeps blobs in memory never collect its garbage. There each write leaves a piece, and
 * after ten minutes Azurite takes out those that nothing refers to, one by one from an indexed list, without once letting
 * a request in between (BlobGCManager.markSweep, LokiExtentMetadataStore.deleteExtent): after some ten thousand writes it
 * answers nobody for minutes. Azure's storage does no such thing, and these pieces end with the process.
 *
 * It knows two classes of Azurite (AccountDataStore: getAccount, refresh, accounts and the parser of that format;
 * BlobGCManager: markSweep) and must not know anything else of its inside; package.json pins the version for which that
 * holds.
 */
const fs = require("fs");
const path = require("path");

const accountsFile = process.env.KILN_AZURITE_ACCOUNTS_FILE;
const azurite = process.env.KILN_AZURITE_PACKAGE;
if (!accountsFile || !azurite) {
  console.error("launcher.js needs KILN_AZURITE_ACCOUNTS_FILE and KILN_AZURITE_PACKAGE in its environment");
  process.exit(2);
}

const store = require(path.join(azurite, "dist/src/common/AccountDataStore")).default.prototype;
const { getAccount, parserAccountsEnvironmentString: parse } = store;
if (typeof getAccount !== "function" || typeof store.refresh !== "function" || typeof parse !== "function") {
  console.error(`the Azurite in ${azurite} keeps its accounts differently from the version in package.json`);
  process.exit(2);
}

const collector = require(path.join(azurite, "dist/src/blob/gc/BlobGCManager")).default.prototype;
if (typeof collector.markSweep !== "function") {
  console.error(`the Azurite in ${azurite} collects its garbage differently from the version in package.json`);
  process.exit(2);
}
if (process.argv.includes("--inMemoryPersistence")) collector.markSweep = async function () {};

let seen = "";

// Every writer replaces the file as a whole, so a change shows in its inode, time or size; a look-up that finds none of
// them changed costs one stat.
store.refresh = function () {
  const { ino, mtimeMs, size } = fs.statSync(accountsFile);
  const stamp = `${ino}:${mtimeMs}:${size}`;
  if (stamp === seen) return;
  // Not through AZURITE_ACCOUNTS: if that is empty, Azurite falls back to an account whose key everybody knows.
  this.accounts = parse.call(this, fs.readFileSync(accountsFile, "utf8"));
  seen = stamp;
};

store.getAccount = function (name) {
  this.refresh();
  return getAccount.call(this, name);
};

require(path.join(azurite, "dist/src/blob/main"));

// Azurite listens some ticks before it handles SIGTERM; a signal in between would end it without saving anything.
function sayWhenItCanBeStopped() {
  if (process.listenerCount("SIGTERM") > 0) console.log("Azurite can be stopped");
  else setTimeout(sayWhenItCanBeStopped, 5);
}
sayWhenItCanBeStopped();
