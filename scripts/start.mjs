// The main job, run by `npm start` after set-up.
process.stdout.write("Set-up is complete. The evaluation of the shipped models comes later.\n");
