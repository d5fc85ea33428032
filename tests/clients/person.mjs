#!/usr/bin/env node
// The browser of programs that open one, as BROWSER names it: the person at PERSON answers what is
// opened, and where they are sent in the end is visited, for there the program waits.
//
//   PERSON=http://… node person.mjs 'http://…/authorize?…'
import { answer } from "./sign_in.mjs";

const landed = await answer(process.env.PERSON, process.argv[2]);
// Some programs listen only after they opened the browser: people are slower than this one.
for (let tries = 100; tries > 0; tries -= 1) {
  try {
    await fetch(landed);
    break;
  } catch (error) {
    if (error.cause?.code !== "ECONNREFUSED") throw error;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
