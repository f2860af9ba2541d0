# The seeded random numbers of ts/random.ts (PCG32), so that both sides draw the same networks.
class Pcg32:
    def __init__(self, seed):
        self.state = (1442695040888963407 + seed) % 2**64
        self.next()

    def next(self):
        old = self.state
        self.state = (old * 6364136223846793005 + 1442695040888963407) % 2**64
        word = (((old >> 18) ^ old) >> 27) % 2**32
        rotation = old >> 59
        return ((word >> rotation) | (word << (-rotation % 32))) % 2**32

    def unit(self):
        return self.next() / 2**32

    def integer(self, low, high):
        return low + self.next() % (high - low + 1)

    def chance(self, probability):
        return self.unit() < probability

    def between(self, low, high):
        return low + (high - low) * self.unit()
