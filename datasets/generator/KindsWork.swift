extension Kind {
    static let products = Kind(
        name: "products", title: "Products",
        opening: "The company sells instruments that are built in its own workshop.",
        nouns: ["lamp", "pump", "scale", "clock", "drill", "kettle", "valve", "compass"],
        attributes: [
            Attribute(
                name: "price", value: .crowns,
                statements: ["{e} costs {a}.", "The price of {e} is {a}.", "{e} is sold for {a}."],
                asked: [
                    "What is the price of {e}?", "Which price does {e} have?", "At what price is {e} sold?",
                    "Which price belongs to {e}?",
                ],
                other: ["What does {e} cost?", "For what price is {e} sold?"],
                heldOut: ["How much money is needed for {e}?", "How much must a customer pay for {e}?"]),
            Attribute(
                name: "weight", value: .kilos,
                statements: ["{e} weighs {a}.", "The weight of {e} is {a}.", "{e} has a weight of {a}."],
                asked: [
                    "What is the weight of {e}?", "Which weight does {e} have?", "What weight is given for {e}?",
                    "Which weight belongs to {e}?",
                ],
                other: ["What does {e} weigh?", "How many kilos does {e} weigh?"],
                heldOut: ["How heavy is {e}?", "How much must a porter lift to carry {e}?"]),
            Attribute(
                name: "designer", value: .person,
                statements: ["{e} was designed by {a}.", "The designer of {e} is {a}.", "{a} drew the plans of {e}."],
                asked: [
                    "Who is the designer of {e}?", "Which designer does {e} have?",
                    "Who was the designer behind {e}?", "Which designer belongs to {e}?",
                ],
                other: ["Who designed {e}?", "By whom was {e} designed?"],
                heldOut: ["Who invented {e}?", "Who drew the plans of {e}?"]),
            Attribute(
                name: "warranty", value: .months,
                statements: [
                    "{e} has a warranty of {a}.", "The warranty of {e} is {a}.", "{e} is guaranteed for {a}.",
                ],
                asked: [
                    "What is the warranty of {e}?", "Which warranty does {e} have?", "What warranty comes with {e}?",
                    "Which warranty belongs to {e}?",
                ],
                other: ["For how many months is {e} under warranty?", "For how long does the warranty of {e} run?"],
                heldOut: ["How long is {e} guaranteed?", "For how long is {e} repaired free of charge?"]),
            Attribute(
                name: "order code", value: .code,
                statements: [
                    "The order code of {e} is {a}.", "{e} is ordered as {a}.", "The catalogue lists {e} as {a}.",
                ],
                asked: [
                    "What is the order code of {e}?", "Which order code does {e} have?",
                    "Under which order code is {e} sold?", "Which order code belongs to {e}?",
                ],
                other: ["With which code is {e} ordered?", "What order code has {e}?"],
                heldOut: ["How is {e} listed in the catalogue?", "What must be written down to buy {e}?"]),
        ])

    static let meetings = Kind(
        name: "meetings", title: "Meetings",
        opening: "Some meetings come back every year, and all members of staff are invited.",
        nouns: ["meeting", "seminar", "course", "workshop", "lecture"],
        attributes: [
            Attribute(
                name: "time", value: .time,
                statements: [
                    "{e} begins at {a}.", "The starting time of {e} is {a}.", "At {a} everybody sits down for {e}.",
                ],
                asked: [
                    "What is the starting time of {e}?", "Which starting time does {e} have?",
                    "What starting time is set for {e}?", "Which starting time belongs to {e}?",
                ],
                other: ["At what time does {e} start?", "At what time does {e} begin?"],
                heldOut: ["When does {e} begin?", "By when should everybody sit down for {e}?"]),
            Attribute(
                name: "chair", value: .person,
                statements: ["{e} is chaired by {a}.", "The chair of {e} is {a}.", "{a} leads {e}."],
                asked: [
                    "Who is the chair of {e}?", "Which chair does {e} have?", "Who acts as chair of {e}?",
                    "Which chair belongs to {e}?",
                ],
                other: ["Who chairs {e}?", "By whom is {e} chaired?"],
                heldOut: ["Who leads {e}?", "Who decides who may speak at {e}?"]),
            Attribute(
                name: "length", value: .minutes,
                statements: ["{e} lasts {a}.", "The length of {e} is {a}.", "{e} takes {a}."],
                asked: [
                    "What is the length of {e}?", "Which length does {e} have?", "What length is set for {e}?",
                    "Which length belongs to {e}?",
                ],
                other: ["How many minutes does {e} last?", "What length has {e}?"],
                heldOut: ["How long does {e} take?", "How much time must one keep free for {e}?"]),
            Attribute(
                name: "date", value: .date,
                statements: ["{e} is held on {a}.", "The date of {e} is {a}.", "{e} takes place on {a}."],
                asked: [
                    "What is the date of {e}?", "Which date does {e} have?", "What date is set for {e}?",
                    "Which date belongs to {e}?",
                ],
                other: ["On which date is {e} held?", "On what date does {e} take place?"],
                heldOut: ["On which day does {e} take place?", "Which day in the calendar is marked for {e}?"]),
            Attribute(
                name: "food", value: .food,
                statements: ["The food at {e} is {a}.", "At {e} the kitchen serves {a}.", "Guests of {e} eat {a}."],
                asked: [
                    "What is the food at {e}?", "Which food does {e} have?", "What food is served at {e}?",
                    "Which food belongs to {e}?",
                ],
                other: ["Which food is offered at {e}?", "What food do the guests of {e} get?"],
                heldOut: ["What can guests eat at {e}?", "What does the kitchen cook for {e}?"]),
        ])

    static let procedures = Kind(
        name: "procedures", title: "Procedures",
        opening: "Requests are handled in writing, each by its own procedure.",
        nouns: ["permit", "grant", "claim", "request", "licence"],
        attributes: [
            Attribute(
                name: "form", value: .code,
                statements: ["{e} needs form {a}.", "The form for {e} is {a}.", "Fill in {a} to apply for {e}."],
                asked: [
                    "What is the form for {e}?", "Which form does {e} have?", "What form does {e} need?",
                    "Which form belongs to {e}?",
                ],
                other: ["Which form is used for {e}?", "With which form does one ask for {e}?"],
                heldOut: ["Which paper must be filled in for {e}?", "What must be signed to apply for {e}?"]),
            Attribute(
                name: "deadline", value: .days,
                statements: [
                    "The deadline of {e} is {a}.", "{e} has a deadline of {a}.", "{e} must be handed in within {a}.",
                ],
                asked: [
                    "What is the deadline of {e}?", "Which deadline does {e} have?", "What deadline is set for {e}?",
                    "Which deadline belongs to {e}?",
                ],
                other: ["Within how many days must {e} be handed in?", "What deadline has {e}?"],
                heldOut: ["How soon must {e} be handed in?", "How much time is left to hand in {e}?"]),
            Attribute(
                name: "approver", value: .person,
                statements: ["{e} is approved by {a}.", "The approver of {e} is {a}.", "{a} signs {e}."],
                asked: [
                    "Who is the approver of {e}?", "Which approver does {e} have?", "Who acts as approver of {e}?",
                    "Which approver belongs to {e}?",
                ],
                other: ["Who approves {e}?", "By whom is {e} approved?"],
                heldOut: ["Who must say yes to {e}?", "Whose signature is needed for {e}?"]),
            Attribute(
                name: "fee", value: .crowns,
                statements: ["The fee for {e} is {a}.", "{e} has a fee of {a}.", "One pays {a} for {e}."],
                asked: [
                    "What is the fee for {e}?", "Which fee does {e} have?", "What fee is charged for {e}?",
                    "Which fee belongs to {e}?",
                ],
                other: ["At what fee is {e} given?", "How high is the fee for {e}?"],
                heldOut: ["How much has to be paid for {e}?", "How much money does {e} take?"]),
            Attribute(
                name: "shelf", value: .shelf,
                statements: [
                    "{e} is filed on shelf {a}.", "The shelf of {e} is {a}.", "Old copies of {e} lie on shelf {a}.",
                ],
                asked: [
                    "What is the shelf of {e}?", "Which shelf does {e} have?", "What shelf is used for {e}?",
                    "Which shelf belongs to {e}?",
                ],
                other: ["On which shelf is {e} filed?", "On what shelf do copies of {e} lie?"],
                heldOut: ["Where is {e} kept?", "Where should old copies of {e} be put?"]),
        ])

    static let machines = Kind(
        name: "machines", title: "Machines",
        opening: "The workshop's machines may be used only after a lesson.",
        nouns: ["press", "crane", "van", "oven", "lathe", "saw"],
        attributes: [
            Attribute(
                name: "mechanic", value: .person,
                statements: ["{e} is repaired by {a}.", "The mechanic of {e} is {a}.", "{a} looks after {e}."],
                asked: [
                    "Who is the mechanic of {e}?", "Which mechanic does {e} have?", "Who works as mechanic of {e}?",
                    "Which mechanic belongs to {e}?",
                ],
                other: ["Who repairs {e}?", "Which mechanic repairs {e}?"],
                heldOut: ["Who looks after {e}?", "Who should be called when {e} breaks down?"]),
            Attribute(
                name: "tank", value: .litres,
                statements: ["The tank of {e} holds {a}.", "{e} has a tank of {a}.", "{e} takes {a} of oil."],
                asked: [
                    "What is the tank size of {e}?", "Which tank size does {e} have?",
                    "What tank size is given for {e}?", "Which tank size belongs to {e}?",
                ],
                other: ["How many litres does the tank of {e} hold?", "How many litres go into the tank of {e}?"],
                heldOut: ["How much oil does {e} take?", "How much can be poured into {e}?"]),
            Attribute(
                name: "serial number", value: .serial,
                statements: [
                    "The serial number of {e} is {a}.", "{e} has the serial number {a}.",
                    "On the plate of {e} stands {a}.",
                ],
                asked: [
                    "What is the serial number of {e}?", "Which serial number does {e} have?",
                    "What serial number is given for {e}?", "Which serial number belongs to {e}?",
                ],
                other: ["With which serial number is {e} marked?", "What serial number has {e}?"],
                heldOut: ["What stands on the plate of {e}?", "Which letters and digits are stamped on {e}?"]),
            Attribute(
                name: "service date", value: .date,
                statements: [
                    "{e} is serviced on {a}.", "The service date of {e} is {a}.", "The inspector checks {e} on {a}.",
                ],
                asked: [
                    "What is the service date of {e}?", "Which service date does {e} have?",
                    "What service date is set for {e}?", "Which service date belongs to {e}?",
                ],
                other: ["On which date is {e} serviced?", "When is the service of {e}?"],
                heldOut: ["When is {e} checked?", "On which day does the inspector look at {e}?"]),
            Attribute(
                name: "maker", value: .firm,
                statements: ["{e} was made by {a}.", "The maker of {e} is {a}.", "{e} was bought from {a}."],
                asked: [
                    "Who is the maker of {e}?", "Which maker does {e} have?", "Which firm is the maker of {e}?",
                    "Which maker belongs to {e}?",
                ],
                other: ["Which firm made {e}?", "By which firm was {e} made?"],
                heldOut: ["From whom was {e} bought?", "Where does {e} come from?"]),
        ])
}
