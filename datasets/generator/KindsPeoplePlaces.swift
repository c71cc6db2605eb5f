extension Kind {
    static let people = Kind(
        name: "people", title: "People",
        opening: "This page lists the colleagues whom new members of staff meet first.",
        nouns: [],
        attributes: [
            Attribute(
                name: "extension", value: .extensionNumber,
                statements: [
                    "The extension of {e} is {a}.", "{e} has extension {a}.",
                    "Dial {a} to reach {e} by telephone.",
                ],
                asked: [
                    "What is the extension of {e}?", "Which extension does {e} have?", "What is {e}'s extension?",
                    "Which extension belongs to {e}?",
                ],
                other: ["What telephone extension does {e} use?", "On which extension can {e} be reached?"],
                heldOut: ["How can one ring {e}?", "Which digits should be dialled to talk with {e}?"]),
            Attribute(
                name: "desk", value: .shelf,
                statements: ["{e} works at desk {a}.", "The desk of {e} is {a}.", "Desk {a} belongs to {e}."],
                asked: [
                    "What is the desk of {e}?", "Which desk does {e} have?", "What is {e}'s desk?",
                    "Which desk belongs to {e}?",
                ],
                other: ["At which desk does {e} work?", "Which desk is used by {e}?"],
                heldOut: ["Where does {e} sit?", "Where in the office will a visitor find {e}?"]),
            Attribute(
                name: "manager", value: .person,
                statements: ["The manager of {e} is {a}.", "{e} reports to {a}.", "{a} is the boss of {e}."],
                asked: [
                    "Who is the manager of {e}?", "Which manager does {e} have?", "Who is {e}'s manager?",
                    "Which manager belongs to {e}?",
                ],
                other: ["Who manages {e}?", "Who is the boss of {e}?"],
                heldOut: ["To whom does {e} report?", "Who tells {e} what to do?"]),
            Attribute(
                name: "first day", value: .date,
                statements: [
                    "{e} joined the company on {a}.", "The first day of {e} was {a}.",
                    "{e} has been with the company since {a}.",
                ],
                asked: [
                    "What is the starting date of {e}?", "Which starting date does {e} have?",
                    "What is {e}'s starting date?", "Which starting date belongs to {e}?",
                ],
                other: ["On which date did {e} start?", "What was the first day of {e}?"],
                heldOut: ["When did {e} join the company?", "Since when has {e} been working here?"]),
            Attribute(
                name: "home town", value: .town,
                statements: ["{e} comes from {a}.", "The home town of {e} is {a}.", "{e} grew up in {a}."],
                asked: [
                    "What is the home town of {e}?", "Which home town does {e} have?", "What is {e}'s home town?",
                    "Which home town belongs to {e}?",
                ],
                other: ["From which town does {e} come?", "In which town was {e} born?"],
                heldOut: ["Where did {e} grow up?", "Where does the family of {e} live?"]),
        ])

    static let rooms = Kind(
        name: "rooms", title: "Rooms",
        opening: "The house has rooms that every member of staff may book.",
        nouns: ["room", "hall", "studio", "library", "lounge"],
        attributes: [
            Attribute(
                name: "key", value: .person,
                statements: ["{a} keeps the key of {e}.", "The key of {e} is with {a}.", "{e} is unlocked by {a}."],
                asked: [
                    "Who is the key holder of {e}?", "Which key holder does {e} have?",
                    "Who keeps the key of {e}?", "Which key holder belongs to {e}?",
                ],
                other: ["Who has the key to {e}?", "With whom is the key of {e}?"],
                heldOut: ["Who can unlock {e}?", "Whom should a visitor ask when {e} is locked?"]),
            Attribute(
                name: "seats", value: .seats,
                statements: ["{e} has {a}.", "There are {a} in {e}.", "In {e} one finds {a}."],
                asked: [
                    "What is the number of seats in {e}?", "Which number of seats does {e} have?",
                    "How many seats does {e} have?", "Which number of seats belongs to {e}?",
                ],
                other: ["How many seats are there in {e}?", "How many chairs does {e} have?"],
                heldOut: ["How large is {e}?", "How big a group can sit down in {e}?"]),
            Attribute(
                name: "door code", value: .telephone,
                statements: ["The door code of {e} is {a}.", "{e} opens with the code {a}.", "Type {a} to enter {e}."],
                asked: [
                    "What is the door code of {e}?", "Which door code does {e} have?",
                    "Which door code opens {e}?", "Which door code belongs to {e}?",
                ],
                other: ["With which code does {e} open?", "What code does the door of {e} have?"],
                heldOut: ["What must be typed to enter {e}?", "Which digits let a person into {e}?"]),
            Attribute(
                name: "opening time", value: .time,
                statements: ["{e} opens at {a}.", "The opening time of {e} is {a}.", "From {a} on {e} is open."],
                asked: [
                    "What is the opening time of {e}?", "Which opening time does {e} have?",
                    "What opening time is set for {e}?", "Which opening time belongs to {e}?",
                ],
                other: ["When does {e} open?", "At what time is {e} opened?"],
                heldOut: ["From when on can {e} be used?", "How early in the morning may one go into {e}?"]),
            Attribute(
                name: "emblem", value: .emblem,
                statements: ["The emblem of {e} is {a}.", "{e} is marked with {a}.", "The door of {e} shows {a}."],
                asked: [
                    "What is the emblem of {e}?", "Which emblem does {e} have?", "What emblem marks {e}?",
                    "Which emblem belongs to {e}?",
                ],
                other: ["With which emblem is {e} marked?", "What emblem has {e}?"],
                heldOut: ["What is painted on the door of {e}?", "Which picture tells a visitor that this is {e}?"]),
        ])

    static let branches = Kind(
        name: "branches", title: "Branches",
        opening: "Besides the main house the company has branches in other towns.",
        nouns: ["branch", "office", "depot", "shop"],
        attributes: [
            Attribute(
                name: "head", value: .person,
                statements: ["{e} is led by {a}.", "The head of {e} is {a}.", "{a} runs {e}."],
                asked: [
                    "Who is the head of {e}?", "Which head does {e} have?", "Who acts as head of {e}?",
                    "Which head belongs to {e}?",
                ],
                other: ["Who leads {e}?", "By whom is {e} led?"],
                heldOut: ["Who runs {e}?", "Who gives the orders at {e}?"]),
            Attribute(
                name: "staff", value: .people,
                statements: ["{e} has a staff of {a}.", "At {e} work {a}.", "{e} employs {a}."],
                asked: [
                    "What is the staff of {e}?", "Which staff does {e} have?", "What staff works for {e}?",
                    "Which staff belongs to {e}?",
                ],
                other: ["How many people are on the staff of {e}?", "How many people does {e} employ?"],
                heldOut: ["How many people work at {e}?", "How big is the team of {e}?"]),
            Attribute(
                name: "address", value: .address,
                statements: ["The address of {e} is {a}.", "{e} stands at {a}.", "Visitors find {e} at {a}."],
                asked: [
                    "What is the address of {e}?", "Which address does {e} have?", "At which address is {e}?",
                    "Which address belongs to {e}?",
                ],
                other: ["What address has {e}?", "At what address does {e} stand?"],
                heldOut: ["Where can visitors find {e}?", "Where should a letter for {e} be sent?"]),
            Attribute(
                name: "telephone", value: .telephone,
                statements: [
                    "The telephone number of {e} is {a}.", "{e} answers the telephone under {a}.",
                    "Call {a} to speak with {e}.",
                ],
                asked: [
                    "What is the telephone number of {e}?", "Which telephone number does {e} have?",
                    "Under which telephone number is {e}?", "Which telephone number belongs to {e}?",
                ],
                other: ["Under which number does {e} answer the telephone?", "What number has the telephone of {e}?"],
                heldOut: ["How can one call {e}?", "What should be dialled to speak with {e}?"]),
            Attribute(
                name: "founded", value: .year,
                statements: [
                    "{e} was founded in {a}.", "The founding year of {e} is {a}.", "{e} has existed since {a}.",
                ],
                asked: [
                    "What is the founding year of {e}?", "Which founding year does {e} have?",
                    "What founding year is given for {e}?", "Which founding year belongs to {e}?",
                ],
                other: ["In which year was {e} founded?", "When was {e} founded?"],
                heldOut: ["Since when has {e} existed?", "When did {e} first open its doors?"]),
        ])
}
